"""When people clicked after a send began, hour by hour, from the delivery history's events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

_CLICKED = """
select floor((epoch("at") - $began) / 3600)::integer as hour, count(*)
from read_parquet($files, hive_partitioning = false)
where run_id = $run and kind = 'click' and not machine group by all order by all
"""


def clicks_by_hour(run_id: str, began: float, files: Sequence[Path]) -> Mapping[int, int]:
    """Hours after *began* (epoch seconds) → people's clicks in them; machines are left out."""
    if not files:
        return {}
    values = {"files": [str(file) for file in files], "run": run_id, "began": began}
    with duckdb.connect(config={"memory_limit": "256MB", "threads": 2}) as engine:
        return {int(hour): int(clicks) for hour, clicks in engine.execute(_CLICKED, values).fetchall()}
