"""What goes wrong between a client and a store, drawn at random from a seed.

A `Fault` belongs to one request: what is done with it instead of, before, or while it is passed on.
Kinds, and what may hit which request:

    500, 503, 429, 429-later   answered here; the last with Retry-After
    slow             the store thinks about it for a while
    reset-request    the connection is reset after some bytes of the request
    reset-answer     ... of the answer
    stall-request    nothing moves any more, from some byte of the request on
    stall-answer     ... of the answer, or of its head
    truncate         the answer ends too early, and the connection with it, in all order
    flip-request     one byte of the request's body is another one
    flip-answer      one byte of an object is, where the answer is the whole object: of a part of
                     one, S3 tells nothing that would show it
    range            Content-Range names other bytes than those that follow
    length           Content-Length names fewer bytes than there are
    error-in-200     200 with an error document, for what the store may work at before it knows
    twice            the request is sent twice, and the answer is that to the second
    lost             the request is carried out, its answer gets lost
"""
import random

STATUS = {
    "500": (500, "InternalError", ""),
    "503": (503, "SlowDown", ""),
    "429": (429, "TooManyRequests", ""),
    "429-later": (429, "TooManyRequests", "Retry-After: 1\r\n"),
}
# The longest that a slow store takes, in seconds.
SLOWNESS = 0.5
# What is taken for the length of a body that does not tell it.
UNKNOWN_LENGTH = 4096


def kinds_for(head):
    method, target = head.first[0], head.first[1]
    path, _, query = target.partition("?")
    is_object = path.count("/") > 1 and not path.endswith("/")
    kinds = [*STATUS, "slow", "reset-answer", "stall-answer", "twice", "lost"]
    if head.length > 0:
        kinds += ["reset-request", "stall-request", "flip-request"]
    if method == "GET":
        kinds += ["truncate", "length"]
        if is_object and not query:
            kinds += ["flip-answer", "range"]
    # What the first of two made nobody is told of: the bucket's lifecycle has to end it.
    if method == "POST" and query.split("=")[0] == "uploads":
        kinds.remove("twice")
    # Ceph 16 takes no checksum of the XML of a request: TLS has to guard that.
    if method == "POST" and "flip-request" in kinds:
        kinds.remove("flip-request")
    if "x-amz-copy-source" in head.fields or (method == "POST" and "uploadId=" in query):
        kinds += ["error-in-200"]
    return kinds


class Fault:
    def __init__(self, kind, seed):
        self.kind = kind
        self.random = random.Random(seed)
        self.cut = None

    @property
    def status(self):
        return STATUS.get(self.kind)

    @property
    def side(self):
        """The record's counter of the bytes among which it happens."""
        if self.kind in ("reset-request", "stall-request", "flip-request"):
            return "received"
        if self.kind in ("reset-answer", "stall-answer", "truncate", "flip-answer"):
            return "sent"
        return None

    def place(self, head):
        """Chooses the byte at which it happens."""
        length = UNKNOWN_LENGTH if head.is_chunked else head.length
        last = length - 1 if self.kind.startswith(("flip", "truncate")) else length
        self.cut = self.random.randint(0, max(last, 0))

    def spoils_head(self, answer):
        """The answer's head as it is passed on. A fault that does not apply becomes another."""
        if not answer.first[1].startswith("2"):
            return answer.raw
        if self.kind == "flip-answer" and not is_whole(answer):
            self.kind = "range"
        if self.kind == "range" and "content-range" in answer.fields:
            return replace(answer.raw, "content-range", shifted(answer.fields["content-range"]))
        if self.kind == "length" and answer.length > 1:
            return replace(answer.raw, "content-length",
                           str(self.random.randrange(answer.length)))
        return answer.raw


class Faults:
    """Draws the faults; `probability` 0 is a network without any."""

    def __init__(self, seed=0, probability=0.0, only=None):
        self.random = random.Random(seed)
        self.probability = probability
        self.only = only

    def draw(self, head):
        if self.random.random() >= self.probability:
            return None
        kinds = [k for k in kinds_for(head) if self.only is None or k in self.only]
        return Fault(self.random.choice(kinds), self.random.random()) if kinds else None


def is_whole(answer):
    """Whether an answer has all bytes of an object."""
    if answer.length == 0:
        return False
    text = answer.fields.get("content-range")
    return text is None or text == f"bytes 0-{answer.length - 1}/{answer.length}"


def shifted(text):
    """`bytes 0-9/20` as `bytes 1-10/20`."""
    unit, _, rest = text.partition(" ")
    span, _, size = rest.partition("/")
    first, _, last = span.partition("-")
    return f"{unit} {int(first) + 1}-{int(last) + 1}/{size}"


def replace(raw, name, value):
    lines = raw.decode("latin-1").split("\r\n")
    lines = [f"{name}: {value}" if line.lower().startswith(name + ":") else line
             for line in lines]
    return "\r\n".join(lines).encode("latin-1")
