"""One DuckDB in each process for small questions about the history: a person's messages, one message, the checks of a feed.

To open an engine takes longer than such a question, and a new one reads the footer of every file anew. This one is opened at the
first question and keeps footers, as long as the file's time is the same; never rows.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from typing import Any

import duckdb
import pyarrow as pa

_MEMORY = "128MB"


def ask(query: str, values: Mapping[str, Any]) -> pa.Table:
    """The answer to *query* with its named *values*, whole: for few rows. From any thread. duckdb.Error when it cannot be had."""
    with _engine(os.getpid()).cursor() as cursor:
        return cursor.sql(query, params=dict(values)).to_arrow_table()


@cache
def _engine(process: int) -> duckdb.DuckDBPyConnection:  # noqa: ARG001 — what was forked opens its own
    engine = duckdb.connect(
        config={"memory_limit": _MEMORY, "threads": 2, "temp_directory": "", "enable_external_file_cache": False}
    )
    engine.execute("set global parquet_metadata_cache = true")
    return engine
