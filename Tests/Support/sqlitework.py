#!/usr/bin/env python3
"""Writers of one SQLite database, some of which die, and what must hold behind them.

    sqlitework.py DATABASE JOURNAL-MODE

Four processes move amounts between accounts and log each move; one is killed with a transaction
open, while a fifth watches that the sum never changes. Then the database is judged: its integrity,
the sum, and that exactly the moves whose commit returned are in the log. What a rolled back
transaction had spilled to the file must be gone. Ends with all connections closed, so that the
database is one file; exit code 1 and a line for each problem otherwise.
"""
import multiprocessing
import os
import signal
import sqlite3
import sys

WRITERS, MOVES, ACCOUNTS, AMOUNT = 4, 15, 10, 100
# In seconds; how long a writer waits for the lock of another, and a test for a writer.
PATIENCE = 60


def connect(path, mode):
    database = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
    found = database.execute(f"pragma journal_mode={mode}").fetchone()[0]
    if found != mode:
        sys.exit(f"the journal mode is {found}, not {mode}")
    database.execute("pragma synchronous=full")
    return database


def write(path, mode, number, ledger):
    """Moves amounts; says which moves were committed. The first writer dies in its last one."""
    database = connect(path, mode)
    for move in range(MOVES):
        database.execute("begin immediate")
        database.execute("update account set amount = amount - 1 where id = ?", (number,))
        database.execute(
            "update account set amount = amount + 1 where id = ?", ((number + move) % ACCOUNTS,))
        database.execute(
            "insert into log (writer, move, padding) values (?, ?, ?)",
            (number, move, os.urandom(500)))
        if number == 0 and move == MOVES - 1:
            os.kill(os.getpid(), signal.SIGKILL)
        database.execute("commit")
        ledger.send((number, move))
    database.close()


def watch(path, mode, stop, problems):
    database = connect(path, mode)
    while not stop.is_set():
        total = database.execute("select sum(amount) from account").fetchone()[0]
        if total != ACCOUNTS * AMOUNT:
            problems.send(f"a reader saw the sum {total}")
            break
    database.close()
    problems.send(None)


def work(path, mode):
    """What the writers say they have committed, and what the watcher saw."""
    stop = multiprocessing.Event()
    seen, problems = multiprocessing.Pipe(duplex=False)
    watcher = multiprocessing.Process(target=watch, args=(path, mode, stop, problems))
    watcher.start()
    writers, ledgers = [], []
    for number in range(WRITERS):
        reading, writing = multiprocessing.Pipe(duplex=False)
        writer = multiprocessing.Process(target=write, args=(path, mode, number, writing))
        writer.start()
        writing.close()
        writers.append(writer)
        ledgers.append(reading)
    committed = []
    for ledger in ledgers:
        try:
            while ledger.poll(PATIENCE):
                committed.append(ledger.recv())
        except EOFError:
            pass
    found = []
    for number, writer in enumerate(writers):
        writer.join(PATIENCE)
        expected = -signal.SIGKILL if number == 0 else 0
        if writer.exitcode != expected:
            found.append(f"writer {number} ended with {writer.exitcode}")
            writer.kill()
    stop.set()
    if seen.poll(PATIENCE):
        found += filter(None, [seen.recv()])
    else:
        found.append("the reader hangs")
        watcher.kill()
    watcher.join(PATIENCE)
    return sorted(committed), found


def spill(database):
    """A transaction larger than its page cache writes into the file before it is rolled back."""
    database.execute("create table large (id integer primary key, bytes blob)")
    database.executemany(
        "insert into large (bytes) values (?)", [(os.urandom(4000),) for _ in range(300)])
    before = database.execute("select sum(length(bytes)), count(*) from large").fetchone()
    database.execute("pragma cache_size=5")
    database.execute("begin")
    database.execute("update large set bytes = zeroblob(3000)")
    database.execute("rollback")
    after = database.execute("select sum(length(bytes)), count(*) from large").fetchone()
    database.execute("delete from large where id % 2 = 0")
    database.execute("vacuum")
    return [] if before == after else [f"rolled back to {after}, not {before}"]


def main():
    path, mode = sys.argv[1:]
    database = connect(path, mode)
    database.execute("create table account (id integer primary key, amount integer)")
    database.execute("create table log (id integer primary key, writer, move, padding)")
    database.executemany(
        "insert into account values (?, ?)", [(n, AMOUNT) for n in range(ACCOUNTS)])
    database.close()

    committed, problems = work(path, mode)
    database = connect(path, mode)
    problems += spill(database)
    integrity = database.execute("pragma integrity_check").fetchone()[0]
    if integrity != "ok":
        problems.append(f"integrity_check: {integrity}")
    total = database.execute("select sum(amount) from account").fetchone()[0]
    if total != ACCOUNTS * AMOUNT:
        problems.append(f"the sum is {total}")
    logged = database.execute("select writer, move from log order by writer, move").fetchall()
    if logged != committed:
        problems.append(f"{len(logged)} moves are in the log, {len(committed)} were committed")
    database.close()
    problems += [
        f"{name} is left" for name in os.listdir(os.path.dirname(path))
        if name.startswith(os.path.basename(path) + "-") and mode in ("wal", "delete")
    ]
    print("\n".join(problems))
    sys.exit(1 if problems else 0)


main()
