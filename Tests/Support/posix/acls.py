"""POSIX access control lists, by the values the kernel has for them."""
import errno
import os
import struct

from ground import KINDS, MEMBER, OTHER, OWNER, User, make, mode_of, write

ACCESS, DEFAULT = "system.posix_acl_access", "system.posix_acl_default"
# Tags of entries; the number is that of linux/posix_acl.h.
TAGS = {"u": 0x01, "user": 0x02, "g": 0x04, "group": 0x08, "m": 0x10, "o": 0x20}
RIGHTS = {"r": 4, "w": 2, "x": 1, "-": 0}
NO_ID = 0xFFFFFFFF

FOURTH = User(61009)


def acl(text):
    """The value of `u:rw- user:61002:r-- g:r-- m:rw- o:---`, sorted as the kernel wants it."""
    entries = []
    for word in text.split():
        parts = word.split(":")
        rights = sum(RIGHTS[letter] for letter in parts[-1])
        number = int(parts[1]) if len(parts) == 3 else NO_ID
        entries.append((TAGS[parts[0]], rights, number))
    entries.sort(key=lambda entry: (entry[0], entry[2]))
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def shown(value):
    names = {tag: name for name, tag in TAGS.items()}
    words = []
    for tag, rights, number in struct.iter_unpack("<HHI", value[4:]):
        letters = "".join(letter if rights & RIGHTS[letter] else "-" for letter in "rwx")
        words.append(":".join([names[tag]] + ([str(number)] if number != NO_ID else [])
                              + [letters]))
    return " ".join(words)


def set_acl(name, text, kind=ACCESS):
    os.setxattr(name, kind, acl(text))


def get_acl(name, kind=ACCESS):
    return shown(os.getxattr(name, kind))


def minimal(t):
    """A list that says no more than the mode is the mode."""
    for kind in ("file", "directory", "fifo"):
        make(kind, kind, 0o644)
        os.chmod(kind, 0o644)
        t.refuses(errno.ENODATA, f"the list of a {kind} that has none", get_acl, kind)
        set_acl(kind, "u:rwx g:r-x o:--x")
        t.same(oct(mode_of(kind)), oct(0o751), f"mode of a {kind} after a minimal list")
        t.refuses(errno.ENODATA, f"the list of a {kind} after a minimal one", get_acl, kind)
        t.same(os.listxattr(kind), [], f"attributes of a {kind} after a minimal list")


def extended(t):
    text = "u:rw- user:61002:r-x user:61009:rw- g:r-- group:61004:rwx m:rwx o:---"
    for kind in ("file", "directory", "fifo", "socket"):
        make(kind, kind, 0o600)
        set_acl(kind, text)
        t.same(get_acl(kind), text, f"the list of a {kind}")
        t.same(oct(mode_of(kind)), oct(0o670), f"mode of a {kind}: its group bits are the mask")
        t.same(os.listxattr(kind), [ACCESS], f"attributes of a {kind}")
        os.chmod(kind, 0o640)
        t.same(get_acl(kind), text.replace("m:rwx", "m:r--"), f"mask of a {kind} after chmod")
        os.chmod(kind, 0o717)
        wanted = text.replace("m:rwx", "m:--x").replace("u:rw-", "u:rwx").replace("o:---", "o:rwx")
        t.same(get_acl(kind), wanted, f"owner, mask and others of a {kind} after chmod")
        os.chown(kind, 5, 6)
        t.same(get_acl(kind), wanted, f"the list of a {kind} after chown")
    t.settle()
    for kind in ("file", "directory"):
        t.same(get_acl(kind), wanted, f"the list of a {kind} after writing back")
        os.rename(kind, kind + "2")
        t.same(get_acl(kind + "2"), wanted, f"the list of a {kind} after a rename")
        os.removexattr(kind + "2", ACCESS)
        t.refuses(errno.ENODATA, f"the list of a {kind} after its removal", get_acl, kind + "2")
        t.same(os.listxattr(kind + "2"), [], f"attributes of a {kind} after its removal")


def may(name):
    """What of reading and writing the caller may, by trying."""
    rights = ""
    for letter, flag in (("r", os.O_RDONLY), ("w", os.O_WRONLY)):
        try:
            os.close(os.open(name, flag))
            rights += letter
        except PermissionError:
            rights += "-"
    return rights


def checks(t):
    """Owner, then named users, then all groups together, then others; the mask limits between."""
    table = [
        # The list, and what OWNER, OTHER (61002), MEMBER (61003; 61001 and 61004), 61009 may.
        ("u:rw- user:61002:r-- g:--- m:rwx o:---", "rw", "r-", "--", "--"),
        ("u:r-- user:61002:rw- g:--- m:rwx o:rw-", "r-", "rw", "--", "rw"),
        ("u:rw- user:61002:rw- g:--- m:r-- o:---", "rw", "r-", "--", "--"),
        ("u:--- user:61002:--- g:rw- m:rw- o:rw-", "--", "--", "rw", "rw"),
        ("u:rw- g:r-- group:61004:-w- m:rwx o:---", "rw", "--", "rw", "--"),
        ("u:rw- g:rw- group:61004:rw- m:-w- o:r--", "rw", "r-", "-w", "r-"),
        ("u:rw- g:--- group:61099:rw- m:rwx o:rw-", "rw", "rw", "--", "rw"),
        ("u:rw- user:61003:--- g:rw- group:61004:rw- m:rwx o:rw-", "rw", "rw", "--", "rw"),
        ("u:rw- user:61009:rw- g:--- m:--x o:rw-", "rw", "rw", "--", "--"),
    ]
    for number, (text, *wanted) in enumerate(table):
        name = f"f{number}"
        write(name)
        os.chown(name, OWNER.uid, OWNER.gid)
        set_acl(name, text)
        for who, user, rights in zip(("owner", "61002", "member", "61009"),
                                     (OWNER, OTHER, MEMBER, FOURTH), wanted):
            t.same(user(may)(name), rights, f"what {who} may by {text}")
    os.mkdir("d")
    write("d/file")
    set_acl("d", "u:rwx user:61002:--x g:--- m:rwx o:---")
    t.allows("a search that the list allows", OTHER(os.stat), "d/file")
    t.refuses(errno.EACCES, "a listing that it does not", OTHER(os.listdir), "d")
    t.refuses(errno.EACCES, "a search by who is not named", FOURTH(os.stat), "d/file")
    set_acl("d", "u:rwx user:61002:-wx g:--- m:rwx o:---")
    t.allows("making a file where the list allows it", OTHER(write), "d/new")
    t.refuses(errno.EACCES, "making one by who is not named", FOURTH(write), "d/other")


def inheritance(t):
    """A default list is what new things have; the umask does not count, the asked-for mode does."""
    default = "u:rwx user:61002:rwx g:r-x group:61004:rw- m:rwx o:r--"
    for mask in (0o000, 0o077):
        top = f"top{mask:o}"
        os.mkdir(top)
        os.chmod(top, 0o777)
        set_acl(top, default, DEFAULT)
        t.same(get_acl(top, DEFAULT), default, "the default list of a directory")
        t.same(oct(mode_of(top)), oct(0o777), "a default list leaves the mode")
        os.umask(mask)
        os.mkdir(f"{top}/dir", 0o777)
        write(f"{top}/file")
        os.mkfifo(f"{top}/fifo", 0o666)
        os.mknod(f"{top}/node", 0o100666)
        os.close(os.open(f"{top}/secret", os.O_CREAT | os.O_WRONLY, 0o600))
        os.symlink("x", f"{top}/link")
        os.umask(0)
        t.same(get_acl(f"{top}/dir", DEFAULT), default, "the default list of a new directory")
        t.same(get_acl(f"{top}/dir"), default, f"the list of a new directory, umask {mask:o}")
        t.same(oct(mode_of(f"{top}/dir")), oct(0o774), "its mode")
        for name, wanted, mode in (
            ("file", "u:rw- user:61002:rwx g:r-x group:61004:rw- m:r-- o:r--", 0o644),
            ("fifo", "u:rw- user:61002:rwx g:r-x group:61004:rw- m:rw- o:r--", 0o664),
            ("node", "u:rw- user:61002:rwx g:r-x group:61004:rw- m:rw- o:r--", 0o664),
            ("secret", "u:rw- user:61002:rwx g:r-x group:61004:rw- m:--- o:---", 0o600),
        ):
            t.same(get_acl(f"{top}/{name}"), wanted, f"the list of a new {name}, umask {mask:o}")
            t.same(oct(mode_of(f"{top}/{name}")), oct(mode), f"mode of a new {name}")
            t.refuses(errno.ENODATA, f"a default list of a {name}", get_acl, f"{top}/{name}",
                      DEFAULT)
        t.same(os.listxattr(f"{top}/link", follow_symlinks=False), [], "lists of a new link")
        os.removexattr(top, DEFAULT)
        write(f"{top}/later")
        t.refuses(errno.ENODATA, "the list of what is made later", get_acl, f"{top}/later")
        t.refuses(errno.ENODATA, "the default list that was removed", get_acl, top, DEFAULT)
    # A default list that says no more than a mode gives modes.
    os.mkdir("plain")
    set_acl("plain", "u:rwx g:r-x o:---", DEFAULT)
    os.umask(0o007)
    os.mkdir("plain/dir", 0o777)
    write("plain/file")
    os.umask(0)
    t.same((oct(mode_of("plain/dir")), oct(mode_of("plain/file"))), (oct(0o750), oct(0o640)),
           "modes by a minimal default list")
    t.refuses(errno.ENODATA, "the list of a file by a minimal default list", get_acl, "plain/file")


def who_may(t):
    text = "u:rw- user:61009:rw- g:r-- m:rw- o:r--"
    for kind in ("file", "directory"):
        make(kind, kind, 0o666)
        os.chown(kind, OWNER.uid, OWNER.gid)
        os.chmod(kind, 0o777)
        for user in (OTHER, MEMBER):
            t.refuses(errno.EPERM, f"a list on a {kind} by another", user(set_acl), kind, text)
            t.refuses(errno.EPERM, "removing one by another", user(os.removexattr), kind, ACCESS)
        t.allows(f"a list on a {kind} by its owner", OWNER(set_acl), kind, text)
        t.same(OTHER(get_acl)(kind), text, "anybody reads it")
        t.allows("removing it by its owner", OWNER(os.removexattr), kind, ACCESS)
    # Set-group-ID goes when who sets a list is not in the group.
    write("program")
    os.chown("program", OWNER.uid, 61077)
    os.chmod("program", 0o2755)
    OWNER(set_acl)("program", "u:rwx user:61002:r-x g:r-x m:r-x o:r-x")
    t.same(oct(mode_of("program")), oct(0o755), "set-group-ID after a list by who is no member")
    os.chmod("program", 0o2755)
    set_acl("program", "u:rwx user:61002:r-x g:r-x m:r-x o:r-x")
    t.same(oct(mode_of("program")), oct(0o2755), "set-group-ID after a list by root")


def refuses(t):
    for kind in KINDS:
        make(kind, kind)
    text = "u:rwx user:61002:rwx g:r-x m:rwx o:r-x"
    for kind in ("file", "fifo", "socket", "block", "character"):
        t.refuses(errno.EACCES, f"a default list on a {kind}", set_acl, kind, text, DEFAULT)
    t.refuses(errno.EOPNOTSUPP, "a list on a link", lambda: os.setxattr(
        "symlink", ACCESS, acl(text), follow_symlinks=False))
    for what, value in {
        "no version": b"\0\0", "an unknown version": struct.pack("<I", 9) + acl(text)[4:],
        "half an entry": acl(text)[:-3],
        "no mask with a named user": acl("u:rwx user:5:r-- g:r-- o:r--"),
        "no owner": acl("g:r-- o:r--"), "two owners": acl("u:rwx u:r-- g:r-- o:r--"),
        "no others": acl("u:rwx g:r--"), "rights beyond three": acl(text).replace(
            struct.pack("<HH", 1, 7), struct.pack("<HH", 1, 15)),
        "an unknown tag": acl(text) + struct.pack("<HHI", 0x77, 7, NO_ID),
    }.items():
        code = errno.EOPNOTSUPP if "unknown version" in what else errno.EINVAL
        t.refuses(code, f"a list with {what}", os.setxattr, "file", ACCESS, value)
    t.same(os.listxattr("file"), [], "nothing of it is there")


CASES = [minimal, extended, checks, inheritance, who_may, refuses]
