"""Who may do what: owner, group, supplementary groups and others against every set of bits."""
import errno
import itertools
import os

from ground import MEMBER, OTHER, OWNER, User, make, write

ROOTS_GROUP = User(61005, 0)
PEOPLE = {"owner": (OWNER, 6), "member": (MEMBER, 3), "other": (OTHER, 0)}


def rights(mode, shift):
    return (mode >> shift) & 7


def openers():
    return {
        "read": (4, lambda n: os.close(os.open(n, os.O_RDONLY))),
        "write": (2, lambda n: os.close(os.open(n, os.O_WRONLY))),
        "read and write": (6, lambda n: os.close(os.open(n, os.O_RDWR))),
        "append": (2, lambda n: os.close(os.open(n, os.O_WRONLY | os.O_APPEND))),
        "truncate": (2, lambda n: os.truncate(n, 3)),
        "access for reading": (4, lambda n: demand(n, os.R_OK)),
        "access for writing": (2, lambda n: demand(n, os.W_OK)),
        "access for execution": (1, lambda n: demand(n, os.X_OK)),
        "access for all": (7, lambda n: demand(n, os.R_OK | os.W_OK | os.X_OK)),
    }


def demand(name, rights_wanted):
    if not os.access(name, rights_wanted, effective_ids=True):
        raise OSError(errno.EACCES, "access")


def outcomes(calls):
    """The errno of each call, 0 for success; all of them in one child."""
    found = []
    for function, arguments in calls:
        try:
            function(*arguments)
            found.append(0)
        except OSError as error:
            found.append(error.errno)
    return found


def try_all(t, user, who, table):
    """Rows of (what, allowed, function, arguments): each gives EACCES or succeeds."""
    found = user(outcomes)([(row[2], row[3]) for row in table])
    for (what, allowed, _, _), code in zip(table, found):
        wanted = 0 if allowed else errno.EACCES
        t.same(code, wanted, f"{what} by {who}")


def files(t):
    modes = [a | b | c for a, b, c in itertools.product(
        (0o000, 0o400, 0o200, 0o600, 0o700), (0o000, 0o040, 0o020, 0o070), (0, 0o4, 0o2, 0o7))]
    for mode in modes:
        write(f"f{mode:o}", b"content")
        os.chown(f"f{mode:o}", OWNER.uid, OWNER.gid)
        os.chmod(f"f{mode:o}", mode)
    for who, (user, shift) in PEOPLE.items():
        table = []
        for mode in modes:
            for what, (needs, function) in openers().items():
                allowed = rights(mode, shift) & needs == needs
                table.append((f"{what} of {mode:o}", allowed, function, (f"f{mode:o}",)))
        try_all(t, user, who, table)
    t.same(os.access("f0", os.R_OK | os.W_OK), True, "root reads and writes what nobody may")
    t.same(os.access("f0", os.X_OK), False, "root runs nothing that nobody may")


def directories(t):
    for mode in range(8):
        for who, (user, shift) in PEOPLE.items():
            name = f"{who}{mode}"
            os.mkdir(name)
            write(f"{name}/there")
            write(f"{name}/to-rename")
            write(f"{name}/to-unlink")
            os.mkdir(f"{name}/to-rmdir")
            os.symlink("there", f"{name}/link")
            os.chmod(f"{name}/there", 0o666)
            os.chown(name, OWNER.uid, OWNER.gid)
            os.chmod(name, mode << shift)
            search, change, listing = mode & 1, mode & 3 == 3, mode & 4
            try_all(t, user, f"the {who} in a directory of {mode << shift:o}", [
                ("listing", listing, os.listdir, (name,)),
                ("stat", search, os.stat, (f"{name}/there",)),
                ("lstat", search, os.lstat, (f"{name}/link",)),
                ("readlink", search, os.readlink, (f"{name}/link",)),
                ("open", search, os.open, (f"{name}/there", os.O_RDWR)),
                ("chdir", search, os.chdir, (name,)),
                ("back", True, os.chdir, ("..",)) if search else (
                    "staying", True, os.getcwd, ()),
                ("create", change, os.open, (f"{name}/new", os.O_WRONLY | os.O_CREAT)),
                ("mkdir", change, os.mkdir, (f"{name}/newdir",)),
                ("symlink", change, os.symlink, ("x", f"{name}/newlink")),
                ("mkfifo", change, os.mkfifo, (f"{name}/newfifo",)),
                ("rename", change, os.rename, (f"{name}/to-rename", f"{name}/renamed")),
                ("unlink", change, os.unlink, (f"{name}/to-unlink",)),
                ("rmdir", change, os.rmdir, (f"{name}/to-rmdir",)),
            ])


def the_way_there(t):
    """Every directory on the way has to be searched, links' ways as well."""
    os.makedirs("a/b/c")
    write("a/b/c/file", b"found")
    os.chmod("a/b/c/file", 0o666)
    os.symlink("a/b/c", "short")
    for name in ("a", "a/b", "a/b/c"):
        os.chmod(name, 0o755)
    calls = {
        "open": lambda n: os.close(os.open(n, os.O_RDWR)), "stat": os.stat,
        "truncate": lambda n: os.truncate(n, 0), "listxattr": os.listxattr, "statvfs": os.statvfs,
    }
    for closed in (None, "a", "a/b", "a/b/c"):
        if closed:
            os.chmod(closed, 0o644)
        for path in ("a/b/c/file", "short/file"):
            try_all(t, OTHER, f"the way {path} with {closed} closed", [
                (what, closed is None, function, (path,)) for what, function in calls.items()])
        if closed:
            os.chmod(closed, 0o755)
    os.chmod("a/b/c", 0o311)
    try_all(t, OTHER, "a directory one may search and not read", [
        ("listing", False, os.listdir, ("a/b/c",)), ("stat", True, os.stat, ("a/b/c/file",))])


def first_match_counts(t):
    """The owner has the owner's bits, even when the group's would allow more."""
    both = User(OWNER.uid, OWNER.gid, [61004])
    for mode, user, allowed in ((0o077, OWNER, False), (0o077, both, False), (0o707, MEMBER, False),
                                (0o707, OTHER, True), (0o770, OTHER, False),
                                (0o070, MEMBER, True), (0o700, both, True)):
        write(f"file{mode:o}")
        os.chown(f"file{mode:o}", OWNER.uid, OWNER.gid)
        os.chmod(f"file{mode:o}", mode)
        try_all(t, user, f"user {user.uid} of {mode:o}", [
            ("reading", allowed, lambda n: os.close(os.open(n, os.O_RDONLY)), (f"file{mode:o}",)),
            ("writing", allowed, lambda n: os.close(os.open(n, os.O_WRONLY)), (f"file{mode:o}",))])
    crowd = User(61008, 61008, list(range(61100, 61164)) + [61004])
    write("of-group")
    os.chown("of-group", 0, 61004)
    os.chmod("of-group", 0o060)
    for user, allowed in ((crowd, True), (User(61008, 61004), True), (OTHER, False)):
        try_all(t, user, f"groups {user.gid} and {len(user.groups)} more", [
            ("writing", allowed, lambda n: os.close(os.open(n, os.O_WRONLY)), ("of-group",))])


def moving_directories(t):
    """A directory that moves to another parent has its `..` written, which needs the right."""
    for owner, mode, allowed in ((OWNER.uid, 0o755, True), (OTHER.uid, 0o755, False),
                                 (OTHER.uid, 0o777, True), (OWNER.uid, 0o555, False)):
        base = f"{owner}-{mode:o}"
        for name in (base, f"{base}/from", f"{base}/to"):
            os.mkdir(name)
            os.chmod(name, 0o777)
        os.mkdir(f"{base}/from/d")
        os.chown(f"{base}/from/d", owner, owner)
        os.chmod(f"{base}/from/d", mode)
        try_all(t, OWNER, f"the owner of {base}", [
            ("moving within", True, os.rename, (f"{base}/from/d", f"{base}/from/e")),
            ("moving away", allowed, os.rename, (f"{base}/from/e", f"{base}/to/e"))])


def execution(t):
    write("program", b"#!/bin/sh\nexit 3\n")
    os.chown("program", OWNER.uid, OWNER.gid)
    for mode, who, allowed in ((0o755, OTHER, True), (0o754, OTHER, False), (0o655, OWNER, False),
                               (0o745, MEMBER, False), (0o755, MEMBER, True), (0o711, OTHER, True)):
        os.chmod("program", mode)
        # A script needs to be read by its interpreter as well.
        wanted = (126 if not allowed else 3 if mode & 4 else 2)
        t.same(who(execute)("./program"), wanted, f"running {mode:o} by {who.uid}")


def execute(name):
    child = os.fork()
    if child == 0:
        os.dup2(os.open("/dev/null", os.O_WRONLY), 2)
        try:
            os.execv(name, [name])
        except PermissionError:
            os._exit(126)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def kinds(t):
    for kind in ("fifo", "socket", "symlink", "directory"):
        make(kind, kind, 0o600)
    os.chown("symlink", OWNER.uid, OWNER.gid, follow_symlinks=False)
    try_all(t, OTHER, "another", [
        ("opening a FIFO of root's", False, os.open, ("fifo", os.O_RDONLY | os.O_NONBLOCK)),
        ("reading a link", True, os.readlink, ("symlink",)),
        ("listing a directory of root's", False, os.listdir, ("directory",))])
    os.chmod("fifo", 0o666)
    try_all(t, OTHER, "another", [
        ("opening a FIFO of everybody's", True, os.open, ("fifo", os.O_RDONLY | os.O_NONBLOCK))])


CASES = [files, directories, the_way_there, first_match_counts, moving_directories, execution,
         kinds]
