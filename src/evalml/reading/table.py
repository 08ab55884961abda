"""The columns of one table in memory, each typed by the role it plays, never by a guess.

A CSV arrives as text throughout; a Parquet file keeps its types, and is held to the same roles.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from evalml.errors import DataError, FileError, refuse_unknown
from evalml.reading.text import (
    COMPACT_DAY,
    DAY_ABOVE_12,
    FRENCH_DAY,
    INFINITE,
    ISO_DAY,
    ISO_MONTH,
    LEADING_ZERO,
    MISSING,
    PATTERNS,
    ROUNDED,
    SEPARATED,
    SPACES,
    TextTable,
    ambiguous,
    decimal_of,
    fold,
    natural,
    open_text,
    thousands_sign,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from evalml.arrays import BoolVector, IntVector, Vector
    from evalml.reading.text import Decimal

Kind: TypeAlias = Literal["number", "covariate", "any", "text", "identifier", "period"]
"""What a column is read as: numbers; numbers or categories; the same, days among the categories;
text; text that tells persons or units apart; points of time."""
Values: TypeAlias = "pd.Series[Any]"
_EXACT = 2.0**53
_SHOWN = 40
_DAYS = f"({ISO_DAY})|({FRENCH_DAY})"
_TRUE, _FALSE = ("true",), ("false",)
SEPARATOR_OPTION = "add --separator ',' or ';'"


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What is declared of a table, where it cannot be told from the file.

    Attributes:
        separator: Sign between columns.
        decimal: Sign before decimals, of columns that do not tell.
        dates: `iso` or `french`, where no day above 12 tells.
        numbers: Covariates that are numbers whatever they look like.
        categories: Covariates that are categories whatever they look like.
    """

    separator: str | None = None
    decimal: Decimal | None = None
    dates: Literal["iso", "french"] | None = None
    numbers: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        both = set(self.numbers) & set(self.categories)
        if both:
            raise DataError(f"'{min(both)}' is named in --numbers and in --categories; keep one")
        if self.decimal not in {None, ".", ","}:
            raise DataError(f"--decimal is '{self.decimal}'; give . or ,")
        if self.dates not in {None, "iso", "french"}:
            raise DataError(f"--dates is '{self.dates}'; give iso or french")
        if self.separator is not None and len(self.separator) != 1:
            raise DataError("--separator takes one sign, such as ';'")


@dataclass(slots=True, repr=False)
class RawTable:
    """Columns as they were stored, with where each row stands in the file.

    Attributes:
        path: The file.
        columns: Stored values by name: text for a CSV.
        size: Rows.
        options: What is declared.
        text: How the CSV is written; None for Parquet.
        kept: Places of the rows in the file, shape (n,), or None: all.
        decided: What was decided on reading, ready for JSON.
    """

    path: Path
    columns: dict[str, pa.Array]
    size: int
    options: ReadOptions
    text: TextTable | None = None
    kept: IntVector | None = None
    decided: dict[str, Any] = field(default_factory=dict)

    def only(self, rows: BoolVector) -> RawTable:
        """Return the table without the rows that are False, shape (n,)."""
        mask = pa.array(rows)
        columns = {name: values.filter(mask) for name, values in self.columns.items()}
        return replace(self, columns=columns, size=int(rows.sum()), kept=np.flatnonzero(rows))

    def place(self, row: int) -> str:
        """Say where a row stands in the file."""
        row = row if self.kept is None else int(self.kept[row])
        if self.text is None:
            return f"{self.path.name}, row {row + 1}"
        return f"{self.path.name}, line {self.text.line_of(row)}"

    def say(self, what: str, name: str, value: Any) -> None:
        """Keep what was decided of a column."""
        self.decided.setdefault(what, {})[name] = value

    def column(self, name: str, kind: Kind) -> Values:
        """Return one column as its role asks.

        Returns:
            Numbers as float64 (NaN where missing), days as ISO text, text as ordered categories.

        Raises:
            DataError: A value is not what the role asks; it names the first one and its place.
        """
        stored = self.columns[name]
        plain = _Column(self, name, stored)
        if kind in {"text", "identifier"}:
            return plain.categories(identifier=kind == "identifier")
        if kind == "period":
            return plain.periods()
        if kind == "any" and plain.holds_days():
            return plain.categories()
        if kind in {"covariate", "any"}:
            return plain.covariate()
        return plain.numbers()


def open_table(path: Path, names: Sequence[str] | None, options: ReadOptions) -> RawTable:
    """Return the named columns (None: all) of a CSV or Parquet file as they are stored.

    Raises:
        ColumnMissingError: A column is not in the file.
        DataError: The file does not exist or cannot be read, or two columns have one name.
    """
    if not path.is_file():
        raise DataError(f"there is no file {path.name}; give the path of a CSV or Parquet file")
    wanted = None if names is None else list(dict.fromkeys(names))
    if path.suffix.lower() in {".parquet", ".pq"}:
        return _open_parquet(path, wanted, options)
    return _open_csv(path, wanted, options)


def read_all(path: Path) -> pd.DataFrame:
    """Return every column of a table whose roles are not known: numbers, or categories.

    Raises:
        DataError: The file cannot be read, or a column could be numbers or categories.
    """
    table = open_table(path, None, ReadOptions())
    columns = {name: table.column(name, "any") for name in table.columns}
    return pd.DataFrame(columns, index=pd.RangeIndex(table.size))


def _open_csv(path: Path, wanted: list[str] | None, options: ReadOptions) -> RawTable:
    import pyarrow.csv as arrow

    text = open_text(path, separator=options.separator, remedy=SEPARATOR_OPTION)
    wanted = list(text.names) if wanted is None else wanted
    refuse_unknown(wanted, text.names)
    codes = [f"c{k}" for k in range(text.width)]
    chosen = [codes[text.names.index(name)] for name in wanted]
    after = codes[len(text.names) :]
    reading = arrow.ReadOptions(column_names=codes, skip_rows=text.skip, encoding=text.encoding)
    parsing = arrow.ParseOptions(delimiter=text.separator, newlines_in_values=text.quoted)
    types = arrow.ConvertOptions(
        include_columns=[*chosen, *after],
        column_types=dict.fromkeys(codes, pa.string()),
        null_values=[""],
        strings_can_be_null=True,
    )
    try:
        read = arrow.read_csv(path, reading, parsing, types)
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        if "Empty CSV" in str(error):
            read = pa.table({code: pa.array([], pa.string()) for code in [*chosen, *after]})
        else:
            raise text.ragged() or FileError(
                f"{path.name} cannot be read as CSV; save it again as UTF-8"
            ) from None
    if after and pc.any(pc.is_valid(read[after[0]])).as_py():
        raise text.ragged() or FileError(f"{path.name} cannot be read as CSV")
    decided = {"format": "csv", "encoding": text.encoding, "separator": text.separator}
    columns = {name: read[code].combine_chunks() for name, code in zip(wanted, chosen, strict=True)}
    return RawTable(path, columns, read.num_rows, options, text, decided=decided)


def _open_parquet(path: Path, wanted: list[str] | None, options: ReadOptions) -> RawTable:
    import pyarrow.parquet as pq

    try:
        there = pq.read_schema(path).names
        wanted = list(there) if wanted is None else wanted
        refuse_unknown(wanted, there)
        read = pq.read_table(path, columns=wanted)
    except (pa.ArrowException, OSError):
        raise FileError(f"{path.name} cannot be read as Parquet; copy it again") from None
    columns = {name: _flat(read[name].combine_chunks()) for name in wanted}
    return RawTable(path, columns, read.num_rows, options, decided={"format": "parquet"})


def _flat(values: pa.Array) -> pa.Array:
    """Return plain values: dictionaries decoded, text of one width, NaN as missing."""
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_large_string(values.type) or pa.types.is_string_view(values.type):
        values = values.cast(pa.string())
    if pa.types.is_decimal(values.type):
        values = values.cast(pa.float64())
    if pa.types.is_floating(values.type):
        values = values.cast(pa.float64())
        values = pc.if_else(pc.is_nan(values), None, values)
    return values


@dataclass(slots=True, repr=False)
class _Distinct:
    """A column of text by its distinct values.

    Attributes:
        codes: Place of each row's value, -1 where missing, shape (n,).
        levels: The distinct values, trimmed, shape (k,).
    """

    codes: IntVector
    levels: pa.Array

    def all_fit(self, pattern: str) -> bool:
        return bool(pc.all(self.fit(pattern)).as_py() is not False)

    def some_fit(self, pattern: str) -> bool:
        return bool(pc.any(self.fit(pattern)).as_py())

    def fit(self, pattern: str) -> pa.Array:
        return pc.match_substring_regex(self.levels, pattern)

    def first(self, chosen: pa.Array) -> int:
        """Return the first row whose value is among the chosen levels."""
        mask = np.append(np.asarray(chosen.to_numpy(zero_copy_only=False), dtype=bool), False)
        return int(np.argmax(mask[self.codes]))

    def value(self, row: int) -> str:
        return str(self.levels[int(self.codes[row])].as_py())


@dataclass(slots=True, repr=False)
class _Column:
    """One column on its way from what is stored to what its role asks."""

    table: RawTable
    name: str
    stored: pa.Array

    def fail(self, row: int, value: str, remedy: str) -> DataError:
        shown = value if len(value) <= _SHOWN else f"{value[:_SHOWN]}…"
        return DataError(f"{self.table.place(row)}, column '{self.name}': '{shown}' {remedy}")

    # numbers ---------------------------------------------------------------------------------

    def numbers(self) -> Values:
        """Return float64; True and False are 1 and 0."""
        kind = self.stored.type
        if pa.types.is_string(kind):
            return self._series(self._from_text(self.stored))
        if pa.types.is_boolean(kind) or pa.types.is_null(kind):
            return self._series(_floats(self.stored.cast(pa.int8())))
        if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
            raise DataError(
                f"column '{self.name}' of {self.table.path.name} is of type {kind} where numbers "
                "are needed; write it as numbers"
            )
        values = _floats(self.stored)
        return self._series(self._finite(values, "inf"))

    def _from_text(self, text: pa.Array) -> Vector:
        fast = self._fast(text)
        if fast is not None:
            return fast
        found = self.distinct(text, MISSING)
        booleans = self._booleans(found)
        return booleans if booleans is not None else self._parsed(found)

    def _fast(self, text: pa.Array) -> Vector | None:
        """Return the numbers of a column written plainly, None where it needs a closer look."""
        try:
            values = _floats(text.cast(pa.float64()))
        except pa.ArrowInvalid:
            return None
        known = pc.is_valid(text).to_numpy(zero_copy_only=False)
        if not np.isfinite(values[known]).all():
            return None
        if pc.any(pc.match_substring(text, ".")).as_py():
            for part in (text.slice(0, 1000), text):
                plain = pc.match_substring_regex(part, PATTERNS[","])
                if pc.any(pc.invert(plain)).as_py():
                    self.table.say("decimal", self.name, ".")
                    return values
            return None
        return values

    def _parsed(self, found: _Distinct) -> Vector:
        decimal = self._decimal(found)
        plain = pc.replace_substring_regex(found.levels, SPACES, "")
        plain = pc.replace_substring(plain, thousands_sign(decimal), "")
        if decimal == ",":
            plain = pc.replace_substring(plain, ",", ".")
        values = np.append(_floats(plain.cast(pa.float64())), np.nan)
        if found.some_fit(SPACES):
            self.table.say("thousands", self.name, "space")
        return self._finite(values[found.codes], "out of range")

    def _decimal(self, found: _Distinct) -> Decimal:
        fits = {sign: found.fit(p) for sign, p in PATTERNS.items()}
        self._refuse_odd(found, fits)
        comma, point = (bool(pc.all(fits[s]).as_py() is not False) for s in (",", "."))
        separated = found.fit(SEPARATED)
        some = bool(pc.any(separated).as_py())
        declared = self.table.options.decimal
        decimal = decimal_of(comma_fits=comma, point_fits=point, separated=some, declared=declared)
        if decimal is None:
            row = found.first(separated)
            raise DataError(
                f"{self.table.place(row)}, column '{self.name}': "
                f"{ambiguous(found.value(row))}, and no value of the column tells; "
                "add --decimal . or --decimal ,"
            )
        if some:
            self._say_signs(found, decimal)
        return decimal

    def _say_signs(self, found: _Distinct, decimal: Decimal) -> None:
        other = thousands_sign(decimal)
        if pc.any(pc.match_substring(found.levels, decimal)).as_py():
            self.table.say("decimal", self.name, decimal)
        if pc.any(pc.match_substring(found.levels, other)).as_py():
            self.table.say("thousands", self.name, other)

    def _refuse_odd(self, found: _Distinct, fits: Mapping[Decimal, pa.Array]) -> None:
        """Refuse a value that is no number, or two numbers written in two ways."""
        neither = pc.invert(pc.or_(fits[","], fits["."]))
        if pc.any(neither).as_py():
            row = found.first(neither)
            value = found.value(row)
            if value.lower() in INFINITE:
                raise self.fail(row, value, "is infinite; correct it, or empty it")
            raise self.fail(row, value, f"is not a number; {self._remedy()}")
        comma, point = pc.and_not(fits[","], fits["."]), pc.and_not(fits["."], fits[","])
        if pc.any(comma).as_py() and pc.any(point).as_py():
            row, other = found.first(comma), found.first(point)
            raise self.fail(
                row,
                found.value(row),
                f"has a decimal comma where '{found.value(other)}' has a decimal point; "
                "write all in one way",
            )

    def _remedy(self) -> str:
        if self.name in self.table.options.numbers:
            return "correct it, or take the column off --numbers"
        return "correct it, or empty it and add --missing drop"

    def _finite(self, values: Vector, what: str) -> Vector:
        wrong = np.isinf(values)
        if wrong.any():
            raise self.fail(int(np.argmax(wrong)), what, "is infinite; correct it, or empty it")
        return values

    def _booleans(self, found: _Distinct) -> Vector | None:
        """Return 1 and 0 for a column of True and False, None for any other."""
        words = [str(w).lower() for w in found.levels.to_pylist()] if len(found.levels) < 5 else []  # noqa: PLR2004
        if not words or not set(words) <= {*_TRUE, *_FALSE}:
            return None
        self.table.say("booleans", self.name, "true = 1, false = 0")
        return np.append([float(w in _TRUE) for w in words], np.nan)[found.codes]

    # text ------------------------------------------------------------------------------------

    def distinct(self, text: pa.Array, missing: Sequence[str]) -> _Distinct:
        """Return the distinct trimmed values; spellings of missing are counted and said."""
        coded = pc.utf8_trim_whitespace(text).dictionary_encode()
        levels = coded.dictionary
        codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
        absent = pc.is_in(levels, pa.array(missing)).to_numpy(zero_copy_only=False)
        if absent.any():
            counts = np.bincount(codes[codes >= 0], minlength=len(levels))
            spelled = {
                levels[int(k)].as_py() or "spaces": int(counts[k]) for k in absent.nonzero()[0]
            }
            self.table.say("missing", self.name, spelled)
            place = np.append(np.where(absent, -1, np.cumsum(~absent) - 1), -1)
            codes, levels = place[codes], levels.filter(pa.array(~absent))
        return _Distinct(codes, levels)

    def text(self) -> _Distinct:
        """Return the column as text, whatever it is stored as."""
        return self.distinct(self._as_text(), MISSING[:-2])

    def _as_text(self) -> pa.Array:
        kind = self.stored.type
        if pa.types.is_string(kind):
            return self.stored
        if pa.types.is_boolean(kind):
            return pc.if_else(self.stored, "True", "False")
        if pa.types.is_floating(kind):
            return self._whole().cast(pa.string())
        if pa.types.is_timestamp(kind):
            return pc.strftime(self.stored, format="%Y-%m-%d")
        return self.stored.cast(pa.string())

    def _whole(self) -> pa.Array:
        """Return floats as integers where they are; a large one has lost its digits."""
        values = _floats(self.stored)
        known = values[~np.isnan(values)]
        large = np.abs(values) >= _EXACT
        if large.any():
            raise DataError(
                f"{self.table.place(int(np.argmax(large)))}, column '{self.name}': an identifier "
                "of more than 15 digits is stored as a decimal number, its last digits are lost; "
                "write the column as text"
            )
        return self.stored.cast(pa.int64()) if (known == np.rint(known)).all() else self.stored

    def categories(self, *, identifier: bool = False) -> Values:
        """Return text as ordered categories: numbers in their order, then words."""
        found = self.text()
        if identifier and found.some_fit(ROUNDED):
            row = found.first(found.fit(ROUNDED))
            raise DataError(
                f"{self.table.place(row)}, column '{self.name}': a spreadsheet has rounded the "
                "identifier (1.23E+11); export it again as text"
            )
        if not identifier:
            self._say_variants(found)
        return self._categorical(found)

    def _categorical(self, found: _Distinct) -> Values:
        levels = found.levels.to_pylist()
        order = sorted(range(len(levels)), key=lambda k: natural(levels[k]))
        place = np.append(np.argsort(order), -1)
        kind = pd.CategoricalDtype([levels[k] for k in order], ordered=True)
        return self._series(pd.Categorical.from_codes(place[found.codes], dtype=kind))

    def _say_variants(self, found: _Distinct) -> None:
        levels = found.levels.to_pylist()
        seen: dict[str, str] = {}
        for level in levels if len(levels) <= 1000 else []:  # noqa: PLR2004
            other = seen.setdefault(fold(level), level)
            if other != level:
                self.table.decided.setdefault("warnings", []).append(
                    f"column '{self.name}': '{other}' and '{level}' differ by capitals, accents or "
                    "spaces only and are two values; make them one if they are"
                )

    # covariates ------------------------------------------------------------------------------

    def covariate(self) -> Values:
        """Return numbers, or categories; a column that could be both is refused."""
        if self.name in self.table.options.categories:
            self.table.say("read_as", self.name, "categories")
            return self.categories()
        if self.name in self.table.options.numbers or not pa.types.is_string(self.stored.type):
            return self.numbers()
        if self.table.text is not None:
            fast = self._fast(self.stored)
            zeros = pc.match_substring_regex(self.stored, LEADING_ZERO)
            if fast is not None and not pc.any(zeros).as_py():
                return self._series(fast)
        return self._covariate_of(self.distinct(self.stored, MISSING[:-2]))

    def _covariate_of(self, found: _Distinct) -> Values:
        booleans = self._booleans(found)
        if booleans is not None:
            return self._series(booleans)
        fits = pc.or_(found.fit(PATTERNS[","]), found.fit(PATTERNS["."]))
        share = int(pc.sum(fits).as_py() or 0)
        infinite = [v for v in found.levels.to_pylist()[:1000] if v.lower() in INFINITE]
        if share and infinite:
            row = found.first(pc.is_in(found.levels, pa.array(infinite)))
            raise self.fail(row, found.value(row), "is infinite; correct it, or empty it")
        if share == 0:
            self._refuse_dates(found)
            self.table.say("read_as", self.name, "categories")
            self._say_variants(found)
            return self._categorical(found)
        odd = pc.invert(fits) if share < len(found.levels) else found.fit(LEADING_ZERO)
        if pc.any(odd).as_py():
            row = found.first(odd)
            what = "is not a number" if share < len(found.levels) else "is a code or a number"
            raise self.fail(
                row,
                found.value(row),
                f"{what} among {share} other{'s' * (share > 1)}; add --categories {self.name}, or "
                "correct it",
            )
        if self.table.text is None:
            raise DataError(
                f"column '{self.name}' of {self.table.path.name} is text that reads as numbers; "
                f"add --numbers {self.name} or --categories {self.name}"
            )
        return self._series(self._parsed(found))

    def holds_days(self) -> bool:
        """Tell whether the column holds days, or nothing at all."""
        kind = self.stored.type
        if not pa.types.is_string(kind):
            return bool(pa.types.is_temporal(kind))
        known = self.distinct(self.stored.slice(0, 1000), ("",)).levels
        return bool(pc.all(pc.match_substring_regex(known, _DAYS)).as_py() is not False)

    def _refuse_dates(self, found: _Distinct) -> None:
        if len(found.levels) and found.all_fit(_DAYS):
            raise DataError(
                f"covariate '{self.name}' is a date; turn it into an age or months first"
            )

    # points of time --------------------------------------------------------------------------

    def periods(self) -> Values:
        """Return numbers, or days as ISO text."""
        kind = self.stored.type
        if not (pa.types.is_string(kind) or pa.types.is_temporal(kind)):
            return self.numbers()
        found = self.text()
        for name, pattern in (
            ("iso", f"({ISO_DAY})|({ISO_MONTH})"),
            ("french", FRENCH_DAY),
        ):
            days = _Distinct(found.codes, found.levels)
            clock = pc.or_(days.fit(pattern), days.fit("^0$"))
            if pc.all(clock).as_py() and pc.any(days.fit(pattern)).as_py():
                return self._days(found, name)
        if len(found.levels) and found.all_fit(COMPACT_DAY):
            row = 0
            raise self.fail(row, found.value(row), "is a day; write it 2024-03-01")
        odd = pc.invert(pc.or_(found.fit(PATTERNS[","]), found.fit(PATTERNS["."])))
        if pc.any(odd).as_py():
            row = found.first(odd)
            raise self.fail(
                row, found.value(row), "is neither a number nor a day; write 2024-03-01 throughout"
            )
        return self._series(self._parsed(found))

    def _days(self, found: _Distinct, style: str) -> Values:
        levels = found.levels.to_pylist()
        if style == "french":
            self._prove_french(found)
            levels = [v if v == "0" else "-".join(_iso(v)) for v in levels]
            self.table.say("dates", self.name, "day/month/year")
        kind = np.array([*levels, None], dtype=object)
        return self._series(kind[found.codes])

    def _prove_french(self, found: _Distinct) -> None:
        if found.some_fit(DAY_ABOVE_12) or self.table.options.dates == "french":
            return
        row = found.first(found.fit(FRENCH_DAY))
        raise self.fail(
            row,
            found.value(row),
            "and no day above 12 tells days from months; add --dates french, or write 2024-03-01",
        )

    def _series(self, values: Any) -> Values:
        return pd.Series(values, name=self.name)


def _floats(values: pa.Array) -> Vector:
    out = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return cast("Vector", np.asarray(out, dtype=np.float64))


def _iso(day: str) -> tuple[str, str, str]:
    first, month, year = day.split("/")
    return year, month.zfill(2), first.zfill(2)
