"""Medians, ratios to native, and their tables."""

import math
import os
import platform
import statistics
from dataclasses import dataclass, field

from harness.process_tree import Measurement


@dataclass
class Cell:
    """What was measured of one program under one peer."""

    runs: list[Measurement] = field(default_factory=list)
    memory_bytes: int | None = None
    report_s: float | None = None  # of the second pass, for peers that need one
    failure: str | None = None

    def median(self, figure: str) -> float | None:
        values = [getattr(run, figure) for run in self.runs]
        return None if not values or None in values else statistics.median(values)

    def values(self, figure: str) -> list[float]:
        return [value for run in self.runs if (value := getattr(run, figure)) is not None]


Results = dict[str, dict[str, Cell]]  # by program, by peer


def ratios(cell: Cell, native: Cell, figure: str) -> list[float]:
    """Of each run to the native one of its round: what slows the machine down for seconds falls on both."""
    pairs = zip(cell.values(figure), native.values(figure))
    return [own / base for own, base in pairs if base]


def ratio(cell: Cell, native: Cell, figure: str) -> float | None:
    found = ratios(cell, native, figure)
    return statistics.median(found) if found else None


def ratio_text(cell: Cell, native: Cell, figure: str) -> str:
    """The median of the rounds' ratios, with the lowest and the highest."""
    found = ratios(cell, native, figure)
    if not found:
        return "–"
    spread = f" ({min(found):.2f}–{max(found):.2f})" if len(found) > 1 else ""
    return f"{statistics.median(found):.2f}{spread}"


def seconds_text(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds:.2f} s"


def memory_text(cell: Cell, native: Cell) -> str:
    if cell.memory_bytes is None or native.memory_bytes is None:
        return "–"
    return f"{(cell.memory_bytes - native.memory_bytes) / 2**20:+.0f} MiB"


def latency_text(cell: Cell) -> str:
    """From the end of the program to something that can be read."""
    own = cell.median("latency_s")
    if own is None:
        return "–"
    return seconds_text(own + (cell.report_s or 0))


def row(peer: str, cell: Cell, native: Cell) -> list[str]:
    if cell.failure:
        return [peer, cell.failure, "", "", "", ""]
    return [peer, ratio_text(cell, native, "wall_s"), ratio_text(cell, native, "program_s"),
            ratio_text(cell, native, "cpu_s"), memory_text(cell, native), latency_text(cell)]


HEADINGS = ["", "wall", "program's wall", "CPU", "memory", "until read"]


def geometric_means(results: Results, programs: list[str], peers: list[str]) -> list[list[str]]:
    rows = []
    for peer in peers:
        figures = []
        for figure in ("wall_s", "program_s", "cpu_s"):
            ratios = [ratio(results[name][peer], results[name]["native"], figure) for name in programs]
            known = [value for value in ratios if value]
            complete = known and len(known) == len(ratios)
            figures.append(f"{math.exp(statistics.fmean(map(math.log, known))):.2f}" if complete else "–")
        rows.append([peer, *figures])
    return rows


def markdown_table(headings: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(headings) + " |", "|" + "|".join(["---"] + ["--:"] * (len(headings) - 1)) + "|"]
    return "\n".join(lines + ["| " + " | ".join(cells) + " |" for cells in rows])


def text_table(headings: list[str], rows: list[list[str]]) -> str:
    widths = [max(len(cells[i]) for cells in [headings, *rows]) for i in range(len(headings))]
    return "\n".join("  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                               for i, (cell, width) in enumerate(zip(cells, widths))) for cells in [headings, *rows])


def machine() -> str:
    """Processor, cores, memory and kernel; nothing that names the place."""
    with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
        models = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    kernel = ".".join(platform.release().split("-")[0].split(".")[:2])
    model = models[0] if models else platform.machine()
    return f"{len(os.sched_getaffinity(0))} cores of {model}, {memory:.0f} GiB, Linux {kernel}"


def load_average() -> str:
    return " ".join(f"{value:.1f}" for value in os.getloadavg())
