#pragma once

// What glibc declares only under _GNU_SOURCE, which Swift's Glibc module does not define, and
// kernel macros that Swift cannot import. Includes nothing that Glibc has: its types would then
// belong to this module.

#include <linux/falloc.h>

extern int fallocate(int fd, int mode, long offset, long length);
extern int pthread_setname_np(unsigned long thread, const char *name);
// Declared without its ellipsis, which Swift cannot import.
extern int prctl(
    int option, unsigned long first, unsigned long second, unsigned long third,
    unsigned long fourth);
extern int renameat2(int from, const char *name, int to, const char *new_name, unsigned flags);
// sys/xattr.h, which the Glibc module leaves out.
extern long getxattr(const char *path, const char *name, void *value, unsigned long size);
extern long listxattr(const char *path, char *list, unsigned long size);
extern int setxattr(
    const char *path, const char *name, const void *value, unsigned long size, int flags);

// unistd.h
static const int linux_seek_data = 3;
static const int linux_seek_hole = 4;
// bits/stat.h
static const long linux_utime_now = (1l << 30) - 1l;
static const long linux_utime_omit = (1l << 30) - 2l;
// bits/fcntl-linux.h
static const int linux_o_noatime = 01000000;
static const int linux_o_tmpfile = 020200000;
static const int linux_o_direct = 040000;
// linux/fs.h
static const unsigned long linux_ficlone = 0x40049409ul;
static const unsigned linux_rename_noreplace = 1;
static const unsigned linux_rename_exchange = 2;

// sys/xattr.h by descriptor, which the Glibc module leaves out.
extern long fgetxattr(int fd, const char *name, void *value, unsigned long size);
extern int fsetxattr(int fd, const char *name, const void *value, unsigned long size, int flags);
extern int fremovexattr(int fd, const char *name);

// unistd.h
extern int syncfs(int fd);
extern long syscall(long number, ...);

// statx(2): the number of the mount that a file is on, unique since the boot where the kernel has such
// (Linux 6.8), 0 where it tells none. The structure is the kernel's, of which this needs two fields.
static inline unsigned long long linux_mount_number(int fd) {
  unsigned char buffer[256] = {0};
  const long statx_number =
#if defined(__x86_64__)
      332;
#else
      291;
#endif
  const unsigned unique = 0x4000u, plain = 0x1000u;
  const int empty_path = 0x1000;
  if (syscall(statx_number, fd, "", empty_path, unique | plain, buffer) != 0) return 0;
  const unsigned mask = *(const unsigned *)buffer;
  return mask & (unique | plain) ? *(const unsigned long long *)(buffer + 144) : 0;
}

// unistd.h
extern long copy_file_range(
    int from, long *from_offset, int to, long *to_offset, unsigned long count, unsigned flags);

// linux/fuse.h of Linux 6.9: a file that the kernel reads by itself.
struct fuse_backing {
  int fd;
  unsigned flags;
  unsigned long long padding;
};
// _IOW(229, 1, struct fuse_backing_map), _IOW(229, 2, uint32_t)
static const unsigned long linux_fuse_backing_open = 0x4010e501ul;
static const unsigned long linux_fuse_backing_close = 0x4004e502ul;

// bits/fcntl-linux.h
static const int linux_f_setsig = 10;
static const int linux_f_setlease = 1024;
// bits/fcntl-linux.h: SYNC_FILE_RANGE_WRITE; declared with _GNU_SOURCE only
static const unsigned linux_sync_file_range_write = 2;
extern int sync_file_range(int fd, long offset, long length, unsigned flags);
