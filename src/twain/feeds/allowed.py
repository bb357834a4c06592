"""What a statement may be made of: kinds of syntax and functions, each looked at once for what it can reach.

Anything that is not here is refused, whatever it is. So a new version of SQLGlot, or of a database, opens nothing by itself.
Names are those of SQLGlot's expression classes; a function that SQLGlot does not model is listed by its own name, per dialect.
Left out on purpose: whatever makes rows or text from nothing (``generate_series``, ``repeat``, ``lpad``: bombs), sleeps,
reads settings, files or the network, takes locks, moves sequences, or runs text as SQL.
"""

from __future__ import annotations


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


SYNTAX = _names("""
    Select Subquery Union Intersect Except With CTE TableAlias Table From Join Lateral Where Group Having Qualify Order
    Ordered Limit Offset Fetch LimitOptions Distinct Values Tuple Paren Alias Aliases Identifier Column Star Literal Null
    Boolean Placeholder Parameter Var DataType DataTypeParam Interval IntervalSpan Filter WithinGroup Window WindowSpec
    EQ NEQ NullSafeEQ NullSafeNEQ GT GTE LT LTE Is Like ILike Escape In Between SimilarTo RegexpLike RegexpILike Glob
    And Or Not Xor Neg Add Sub Mul Div IntDiv Mod DPipe BitwiseAnd BitwiseOr Any All Exists Case If Cast TryCast Collate
    AtTimeZone Bracket Slice Struct PropertyEQ Array JSONExtract JSONExtractScalar JSONPath JSONPathRoot JSONPathKey
    JSONPathSubscript JSONKeyValue JSONObject JSONObjectAgg JSONArray JSONArrayAgg JSONBExtract JSONBExtractScalar
    ArrayContains ArrayContainsAll ArrayOverlaps ByteString UnicodeString National RawString HexString
    """)

FUNCTIONS = _names("""
    Count CountIf Sum Min Max Avg Median Mode Quantile PercentileCont PercentileDisc Stddev StddevPop StddevSamp Variance
    VariancePop ApproxDistinct ArrayAgg GroupConcat ArgMax ArgMin AnyValue First Last LogicalAnd LogicalOr
    RowNumber Rank DenseRank PercentRank CumeDist Ntile Lag Lead FirstValue LastValue NthValue
    Coalesce Nullif Greatest Least Lower Upper Trim Length ByteLength Substring Left Right Replace Concat ConcatWs
    StrPosition StartsWith EndsWith Contains Initcap Reverse SplitPart Translate Ascii Chr Unicode RegexpReplace RegexpExtract
    Abs Round Floor Ceil Sign Sqrt Pow Exp Ln Log Trunc Cbrt IsNan SafeDivide
    Extract Year Quarter Month Week WeekOfYear Day DayOfMonth DayOfWeek DayOfWeekIso DayOfYear Hour Minute Second Date
    DateTrunc TimestampTrunc DatetimeTrunc DateAdd DateSub DateDiff TimestampAdd TimestampSub TimestampDiff DatetimeAdd
    DatetimeSub DatetimeDiff TsOrDsToDate TsOrDsAdd TsOrDsDiff TsOrDsToTimestamp TsOrDsToTime TimeToStr StrToTime StrToDate
    StrToUnix TimeToUnix UnixToTime UnixToStr CurrentDate CurrentTimestamp CurrentDatetime CurrentTime Localtime
    Localtimestamp LastDay DateFromParts Timestamp ToChar ToNumber Datetime TimeStrToTime DateStrToDate DayOfWeekIso
    ArraySize ArrayToString Hex MD5 SHA SHA2 Typeof
    """)

NAMED: dict[str, frozenset[str]] = {
    "duckdb": _names("""
        to_json json_group_array json_group_object json_object json_array list_slice list_extract list_contains list_sort
        list_distinct list_has_any list_has_all len array_length struct_extract epoch epoch_ms monthname dayname date_part
        isodow yearweek nfc_normalize strip_accents bool_and bool_or count_star arg_min arg_max first last
        any_value date_diff datediff age make_date timezone
        """),
    "postgres": _names("""
        json_agg jsonb_agg json_build_object jsonb_build_object json_build_array jsonb_build_array json_object_agg
        jsonb_object_agg to_json to_jsonb json_strip_nulls jsonb_strip_nulls row_to_json date_part to_char age
        bool_and bool_or every make_date cardinality array_length array_position unaccent normalize btrim isfinite char_length
        character_length octet_length timezone starts_with strpos
        """),
    "sqlite": _names("""
        json json_object json_array json_group_array json_group_object json_extract json_valid json_array_length
        date time datetime julianday unixepoch strftime total ifnull iif instr unicode typeof nullif max min
        """),
}

#: Type names by which a value is looked up in the catalogue or run: a cast to them is not a cast.
REFUSED_TYPES = frozenset({"USERDEFINED", "OBJECT_IDENTIFIER", "UNKNOWN", "XML"})

#: Tables that are the database's own, wherever they are listed.
SYSTEM_SCHEMAS = frozenset({"pg_catalog", "information_schema", "pg_toast", "system", "temp", "pg_temp"})
SYSTEM_PREFIXES = ("pg_", "sqlite_", "duckdb_", "pragma_")

#: What a table reference may say beside its name.
TABLE_ARGS = frozenset({"this", "db", "catalog", "alias", "joins"})

#: What a SELECT may say: no INTO, no locks, no SETTINGS, FORMAT, hints, samples or pivots.
SELECT_ARGS = _names("""
    with_ expressions from_ joins laterals where group having qualify order limit offset distinct windows kind
    operation_modifiers
    """)
