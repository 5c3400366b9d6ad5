/* wan DELAY_MS RATE_MBIT QUEUE_MS MTU: a wire between two network namespaces, in user space.
 *
 * Kernels without netem delay no packets, so these cross two TUN devices through this program: TCP
 * meets a true round trip of twice DELAY_MS, a bottleneck of RATE_MBIT each way (0: none) and in
 * front of it a buffer of QUEUE_MS, beyond which packets are dropped.
 *
 * The namespaces have no names: they are this program's descriptors, which it prints ("up 3 4"), to
 * be entered as /proc/PID/fd/3 (198.18.0.1, the server's) and /proc/PID/fd/4 (198.18.0.2, the
 * client's). It ends when its standard input closes, and nothing stays behind. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SIDES = 2, LARGEST = 65536, BURST = 64 };
static const uint64_t SECOND = 1000000000;

struct packet {
  struct packet *next;
  uint64_t due;
  size_t length;
  char bytes[];
};

/* What is on its way from one side to the other. */
struct line {
  struct packet *first, *last;
  uint64_t free_at; /* when the bottleneck has sent all that came before */
};

static void check(int result, const char *what) {
  if (result >= 0) return;
  perror(what);
  exit(1);
}

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * SECOND + time.tv_nsec;
}

static void bring_up(int control, const char *name) {
  struct ifreq request = {0};
  strcpy(request.ifr_name, name);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  check(ioctl(control, SIOCSIFFLAGS, &request), "SIOCSIFFLAGS");
}

/* Goes into a new namespace and makes its end of the wire; the namespace is left in *space. */
static int make_side(const char *address, int mtu, int *space) {
  check(unshare(CLONE_NEWNET), "unshare");
  check(*space = open("/proc/self/ns/net", O_RDONLY), "ns/net");
  int device = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
  check(device, "/dev/net/tun");
  struct ifreq request = {0};
  strcpy(request.ifr_name, "wan0");
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  check(ioctl(device, TUNSETIFF, &request), "TUNSETIFF");
  int control = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in *place = (struct sockaddr_in *)&request.ifr_addr;
  place->sin_family = AF_INET;
  inet_pton(AF_INET, address, &place->sin_addr);
  check(ioctl(control, SIOCSIFADDR, &request), "SIOCSIFADDR");
  inet_pton(AF_INET, "255.255.255.252", &place->sin_addr);
  check(ioctl(control, SIOCSIFNETMASK, &request), "SIOCSIFNETMASK");
  request.ifr_mtu = mtu;
  check(ioctl(control, SIOCSIFMTU, &request), "SIOCSIFMTU");
  request.ifr_qlen = 20000;
  check(ioctl(control, SIOCSIFTXQLEN, &request), "SIOCSIFTXQLEN");
  bring_up(control, "wan0");
  bring_up(control, "lo");
  close(control);
  return device;
}

/* Takes what a side sends, and sets when the other one has it. */
static void take(int device, struct line *line, uint64_t delay, uint64_t queue, double byte) {
  static char buffer[LARGEST];
  for (int count = 0; count < BURST; count++) {
    ssize_t length = read(device, buffer, sizeof buffer);
    if (length <= 0) return;
    uint64_t present = now();
    uint64_t start = line->free_at > present ? line->free_at : present;
    if (start - present > queue) continue;
    line->free_at = start + (uint64_t)(length * byte);
    struct packet *packet = malloc(sizeof *packet + length);
    if (packet == NULL) exit(1);
    *packet = (struct packet){.due = line->free_at + delay, .length = length};
    memcpy(packet->bytes, buffer, length);
    if (line->first == NULL) line->first = packet;
    else line->last->next = packet;
    line->last = packet;
  }
}

/* Hands over what has arrived; returns when there is more. */
static uint64_t give(int device, struct line *line) {
  while (line->first != NULL && line->first->due <= now()) {
    struct packet *packet = line->first;
    if (write(device, packet->bytes, packet->length) < 0 && errno == EAGAIN) break;
    line->first = packet->next;
    free(packet);
  }
  return line->first != NULL ? line->first->due : now() + SECOND;
}

int main(int count, char **words) {
  if (count != 5) {
    fprintf(stderr, "usage: wan DELAY_MS RATE_MBIT QUEUE_MS MTU\n");
    return 2;
  }
  uint64_t delay = atof(words[1]) * 1e6, queue = atof(words[3]) * 1e6;
  double rate = atof(words[2]), byte = rate > 0 ? 8e3 / rate : 0;
  static const char *addresses[SIDES] = {"198.18.0.1", "198.18.0.2"};
  struct line lines[SIDES] = {{0}};
  int spaces[SIDES], devices[SIDES];
  for (int side = 0; side < SIDES; side++)
    devices[side] = make_side(addresses[side], atoi(words[4]), &spaces[side]);
  prctl(PR_SET_TIMERSLACK, 1);
  printf("up %d %d\n", spaces[0], spaces[1]);
  fflush(stdout);
  for (;;) {
    uint64_t next = now() + SECOND;
    for (int side = 0; side < SIDES; side++) {
      take(devices[side], &lines[side], delay, queue, byte);
      uint64_t due = give(devices[!side], &lines[side]);
      if (due < next) next = due;
    }
    uint64_t present = now(), wait = next > present ? next - present : 0;
    struct timespec span = {wait / SECOND, wait % SECOND};
    struct pollfd events[] = {
        {devices[0], POLLIN, 0}, {devices[1], POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
    ppoll(events, 3, &span, NULL);
    if (events[2].revents != 0) return 0;
  }
}
