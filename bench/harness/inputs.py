"""Makes the input files, the same bytes each time."""

import random
from pathlib import Path

JSON_BYTES = 13_000_000
SQL_ROWS = 400_000


def write_json(path: Path) -> None:
    source = random.Random(7)
    words = ["memory", "profile", "stack", "heap", "block", "frame", "module", "thread", "ring", "peak"]
    rows, size = [], 0
    while size < JSON_BYTES:
        tags = ",".join(f'"{word}"' for word in source.choices(words, k=2))
        note = " ".join(source.choices(words, k=8))
        active = source.choice(["true", "false"])
        row = (f'{{"id":{len(rows)},"name":"user{source.randrange(10**6):06d}","score":{source.random() * 1000:.3f},'
               f'"tags":[{tags}],"active":{active},"note":"{note}",'
               f'"at":{{"x":{source.randrange(1000)},"y":{source.randrange(1000)}}}}}')
        rows.append(row)
        size += len(row) + 2
    path.write_text("[" + ",\n".join(rows) + "]\n", encoding="ascii")


def write_sql(path: Path) -> None:
    path.write_text(f"""\
CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT, price REAL, kind INTEGER);
WITH RECURSIVE counter(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counter WHERE n < {SQL_ROWS})
  INSERT INTO item SELECT n, printf('item %08d', n * 7919 % 1000003), n % 977 / 7.0, n % 31 FROM counter;
CREATE INDEX item_name ON item(name);
SELECT kind, count(*), round(sum(price), 2), max(name) FROM item GROUP BY kind ORDER BY kind;
SELECT count(*) FROM item WHERE name LIKE '%42%';
""", encoding="ascii")


def make_inputs(directory: Path) -> None:
    for name, write in {"rows.json": write_json, "rows.sql": write_sql}.items():
        path = directory / name
        if path.exists():
            continue
        unfinished = path.with_suffix(".part")
        write(unfinished)
        unfinished.rename(path)
