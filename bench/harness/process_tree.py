"""Runs a command and measures it with all its descendants: the program under test and whatever a profiler starts.

This process is made a "subreaper", so that it inherits and can wait for processes whose parents have ended: the
processor time of each process of the tree is counted once, and the command is over when the last of them is.
"""

import ctypes
import os
import select
import signal
import subprocess
import time
from dataclasses import dataclass

PR_SET_CHILD_SUBREAPER = 36
SEARCH_PAUSE_S = 0.004
MEMORY_PAUSE_S = 0.002


class CommandFailed(Exception):
    pass


@dataclass
class Measurement:
    wall_s: float  # from start to the end of the last process
    program_s: float | None  # from start to the end of the program under test; None: its process was not seen
    cpu_s: float  # of all processes, user and system
    memory_bytes: int | None  # highest resident memory of the program's process, only when asked for

    @property
    def latency_s(self) -> float | None:
        return None if self.program_s is None else self.wall_s - self.program_s


def become_subreaper():
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def children_of(pid: int) -> list[int]:
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(child) for child in file.read().split()]
    except OSError:
        return []


def find_program(pid: int, executables: set[str]) -> int | None:
    """The first process of the tree below `pid`, itself included, that runs one of `executables`."""
    try:
        if os.readlink(f"/proc/{pid}/exe") in executables:
            return pid
    except OSError:
        return None
    for child in children_of(pid):
        found = find_program(child, executables)
        if found is not None:
            return found
    return None


def highest_resident_bytes(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
            for line in file:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


class ProgramWatch:
    """Finds the program under test among the descendants and notices its end."""

    def __init__(self, root: int, executables: set[str], with_memory: bool):
        self.root, self.executables, self.with_memory = root, executables, with_memory
        self.pid = None
        self.pidfd = None
        self.ended_at = None
        self.memory_bytes = 0

    def look(self, longest_s: float) -> None:
        """Waits for something to happen to the program, no longer than `longest_s`."""
        if self.pidfd is None:
            self.pid = find_program(self.root, self.executables)
            if self.pid is None:
                time.sleep(SEARCH_PAUSE_S)
                return
            try:
                self.pidfd = os.pidfd_open(self.pid)
            except OSError:
                self.pid = None
                return
        if self.with_memory:
            self.memory_bytes = max(self.memory_bytes, highest_resident_bytes(self.pid))
        if select.select([self.pidfd], [], [], MEMORY_PAUSE_S if self.with_memory else longest_s)[0]:
            self.ended_at = time.monotonic()
            os.close(self.pidfd)
            self.pidfd = None

    def close(self):
        if self.pidfd is not None:
            os.close(self.pidfd)


def reap_all(root: int) -> tuple[float, int]:
    """Waits until no descendant is left; returns their processor time and the exit status of `root`."""
    cpu_s, status_of_root = 0.0, 0
    while True:
        try:
            pid, status, usage = os.wait4(-1, 0)
        except ChildProcessError:
            return cpu_s, status_of_root
        cpu_s += usage.ru_utime + usage.ru_stime
        if pid == root:
            status_of_root = os.waitstatus_to_exitcode(status)


def kill_tree(pid: int) -> None:
    for child in children_of(pid):
        kill_tree(child)
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def measure(command: list[str], *, environment: dict[str, str], directory: str, executables: set[str],
            stdin: str | None = None, timeout_s: float, with_memory: bool = False) -> Measurement:
    """Runs `command` in `directory`, its output thrown away. CommandFailed: non-zero status or out of time."""
    begin = time.monotonic()
    with open(stdin or os.devnull, "rb") as source:
        process = subprocess.Popen(command, env=environment, cwd=directory, stdin=source,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    watch = ProgramWatch(process.pid, executables, with_memory)
    while watch.ended_at is None and children_of(os.getpid()) and not has_ended(process.pid):
        if time.monotonic() - begin > timeout_s:
            kill_tree(process.pid)
            reap_all(process.pid)
            watch.close()
            raise CommandFailed(f"not done after {timeout_s:.0f} s")
        watch.look(longest_s=1.0)
    cpu_s, status = reap_all(process.pid)
    end = time.monotonic()
    process.returncode = status  # reaped behind its back
    watch.close()
    if status != 0:
        raise CommandFailed(f"exit status {status}")
    program_s = None if watch.ended_at is None else min(watch.ended_at, end) - begin
    return Measurement(end - begin, program_s, cpu_s, watch.memory_bytes if with_memory else None)


def has_ended(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
