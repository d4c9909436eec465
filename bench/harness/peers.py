"""The ways of running a program: alone, under memprof, and under every other heap profiler that is installed."""

import ctypes.util
import platform
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from harness.programs import Program


@dataclass
class Peer:
    name: str
    what: str
    prefix: list[str] = field(default_factory=list)  # "{out}" stands for a file in a fresh folder
    environment: dict[str, str] = field(default_factory=dict)
    report: list[str] = field(default_factory=list)  # a second pass without which there is nothing to read
    report_glob: str = ""  # the file that it reads, in the fresh folder
    runs_as: str | None = None  # the program's process is this executable rather than its own
    slow: bool = False  # ten times the native time and more

    def command(self, program: Program, out: Path) -> list[str]:
        return [word.replace("{out}", str(out / "out")) for word in self.prefix] + program.command

    def variables(self, program: Program, out: Path) -> dict[str, str]:
        both = program.environment | self.environment
        return {name: value.replace("{out}", str(out / "out")) for name, value in both.items()}

    def executables(self, program: Program) -> set[str]:
        return {self.runs_as or program.executable}


def version_of(*command: str) -> str:
    try:
        output = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False).stdout
    except OSError:
        return ""
    return output.strip().splitlines()[0] if output.strip() else ""


def valgrind_tool(valgrind: str, tool: str, options: list[str], report: list[str]) -> Peer | None:
    # Beside it may lie the one for 32-bit programs.
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    engine = Path(f"/usr/libexec/valgrind/{tool}-{machine}-linux")
    if not engine.exists():
        return None
    return Peer(tool, version_of(valgrind, "--version"), [valgrind, "-q", f"--tool={tool}", *options],
                report=report, report_glob="out*", runs_as=str(engine), slow=True)


def find_library(name: str) -> str | None:
    soname = ctypes.util.find_library(name)
    if soname is None:
        return None
    listing = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=False).stdout
    paths = [line.split("=> ")[1] for line in listing.splitlines() if line.strip().startswith(soname + " ")]
    return paths[0] if paths else None


def jemalloc_profiles(library: str) -> bool:
    """Whether it was built with its profiler; it complains of the option when not."""
    result = subprocess.run(["/bin/true"], env={"LD_PRELOAD": library, "MALLOC_CONF": "prof:true"},
                            capture_output=True, check=False)
    return result.returncode == 0 and not result.stderr


def all_peers(build: Path) -> tuple[list[Peer], list[str]]:
    """Those that are installed, native first, and a sentence for each that is not."""
    memprof = str(build / "bin" / "memprof")
    peers = [
        Peer("native", "the program alone"),
        Peer("memprof", version_of(memprof, "--version"), [memprof, "run", "-o", "{out}.json", "--"]),
        Peer("memprof --depth 0", "the floor: the same records without stacks",
             [memprof, "run", "--depth", "0", "-o", "{out}.json", "--"]),
    ]
    missing = []
    if heaptrack := shutil.which("heaptrack"):
        peers.append(Peer("heaptrack", version_of(heaptrack, "--version"), [heaptrack, "-o", "{out}"],
                          report=["heaptrack_print"], report_glob="out*"))
    else:
        missing.append("heaptrack")
    if library := find_library("tcmalloc"):
        peers.append(Peer("gperftools", "its heap profiler (libtcmalloc, HEAPPROFILE)",
                          environment={"LD_PRELOAD": library, "HEAPPROFILE": "{out}"}, slow=True))
    else:
        missing.append("gperftools (libtcmalloc)")
    library = find_library("jemalloc")
    if library and jemalloc_profiles(library):
        settings = "prof:true,lg_prof_sample:0,prof_final:true,prof_prefix:{out}"
        peers.append(Peer("jemalloc", "prof:true, every allocation (lg_prof_sample:0)",
                          environment={"LD_PRELOAD": library, "MALLOC_CONF": settings}, slow=True))
    else:
        missing.append("jemalloc with its profiler")
    if valgrind := shutil.which("valgrind"):
        tools = [valgrind_tool(valgrind, "massif", ["--massif-out-file={out}"], ["ms_print"]),
                 valgrind_tool(valgrind, "dhat", ["--dhat-out-file={out}"], [])]
        peers += [tool for tool in tools if tool]
    else:
        missing.append("valgrind")
    return peers, [f"{name} is not installed and does not take part" for name in missing]
