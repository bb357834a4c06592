"""Whatever a driver yields, cast to the types that the contract promises.

string → string, integer → int64, number → float64, boolean → bool, date → date32, timestamp → timestamp[us, UTC],
related rows → string (JSON). A naive timestamp is read in the source's own time zone.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from twain.feeds.engine import Fault
from twain.records import Column

ARROW: dict[str, pa.DataType] = {
    "string": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "rows": pa.string(),
}


def schema(columns: Sequence[Column]) -> pa.Schema:
    """The Arrow schema of a statement's columns."""
    return pa.schema([pa.field(column.name, ARROW[column.type]) for column in columns])


def conform(batch: pa.RecordBatch, columns: Sequence[Column], zone: str) -> pa.RecordBatch:
    """Cast by position. Raises Fault("value") naming the column, never the value; Fault("schema") when one is missing."""
    if batch.num_columns < len(columns):
        raise Fault("schema", f"{len(columns)} columns were asked for, {batch.num_columns} came")
    arrays = [_cast(batch.column(i), column, zone) for i, column in enumerate(columns)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema(columns))


def _cast(array: pa.Array, column: Column, zone: str) -> pa.Array:
    wanted = ARROW[column.type]
    if array.type == wanted:
        return array
    try:
        if column.type == "timestamp":
            return _moment(array, zone)
        return pc.cast(array, wanted)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise Fault("value", f"column {column.name!r}: {array.type} does not fit {column.type}") from error


def _moment(array: pa.Array, zone: str) -> pa.Array:
    wanted = ARROW["timestamp"]
    if pa.types.is_timestamp(array.type) and array.type.tz is not None:
        return pc.cast(array, wanted, safe=False)
    naive = pc.cast(array, pa.timestamp("us"), safe=not pa.types.is_timestamp(array.type))
    return pc.cast(pc.assume_timezone(naive, zone, ambiguous="earliest", nonexistent="latest"), wanted)
