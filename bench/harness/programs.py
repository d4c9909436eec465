"""The programs that are profiled."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Program:
    name: str
    what: str
    command: list[str]  # the first word is the path of an ELF file
    stdin: str | None = None
    environment: dict[str, str] = field(default_factory=dict)
    slow_peers: bool = True  # worth the minutes under slow peers

    @property
    def executable(self) -> str:
        return str(Path(self.command[0]).resolve())


def is_elf(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == b"\x7fELF"
    except OSError:
        return False


def find_elf(*names: str) -> str | None:
    """A program and not a script that stands in its place, as version managers' shims do; Debian's own first."""
    for name in names:
        for candidate in (f"/usr/bin/{name}", shutil.which(name)):
            if candidate and is_elf(Path(candidate)):
                return candidate
    return None


def all_programs(source: Path, build: Path, inputs: Path) -> tuple[list[Program], list[str]]:
    """The programs that are installed, and a sentence for each that is not."""
    sources = source / "bench" / "programs"
    own = build / "bench" / "programs"
    wanted = [
        ("jq", ("jq",), "`length` of 13 MB of JSON", ["length", str(inputs / "rows.json")], {}),
        ("sqlite3", ("sqlite3",), "400,000 rows into a table in memory, an index, two queries", [":memory:"],
         {"stdin": str(inputs / "rows.sql")}),
        ("python3", ("python3",), "CPython with `PYTHONMALLOC=malloc`: dictionaries, objects, JSON",
         [str(sources / "objects.py")], {"environment": {"PYTHONMALLOC": "malloc", "PYTHONHASHSEED": "0"}}),
        ("clang++", ("clang++-14", "clang++"), "`-fsyntax-only` on big standard headers",
         ["-std=c++20", "-fsyntax-only", str(sources / "big_headers.cpp")], {}),
        ("trees", (str(own / "trees"),), "200 trees of 65,535 nodes built and destroyed by recursion, a stack each",
         ["200"], {}),
        ("threads-own", (str(own / "threads"),), "4 threads, each 2 million blocks through 12 frames",
         ["4", "2000000", "own"], {"slow_peers": False}),
        ("threads-others", (str(own / "threads"),), "the same, blocks freed by the next thread",
         ["4", "2000000", "others"], {"slow_peers": False}),
    ]
    programs, missing = [], []
    for name, executables, what, arguments, rest in wanted:
        executable = executables[0] if executables[0].startswith("/") else find_elf(*executables)
        if executable is None:
            missing.append(f"{name} is left out: {executables[0]} is not installed")
        else:
            programs.append(Program(name, what, [executable, *arguments], **rest))
    return programs, missing
