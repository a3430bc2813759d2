"""The rows a grid shows: filtered, sorted, cut into pages of plain JSON values.

The frame and the order live here; what is selected is in `selection`, and nothing here writes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from invoicebatch.files.csv_text import guard
from invoicebatch.interfaces.lab.backend import BoolArray, IntArray
from invoicebatch.interfaces.lab.filters import Filter, exactly, holding, matches
from invoicebatch.model.money import plain_amounts

_META: Final = ("currency", "failure", "external_id", "changed_since_sent", "busy_run")
FIRST_KEY: Final = 2 + len(_META)
"""Where the cells of the chosen columns begin in a row of a page."""

_LAST = np.iinfo(np.int64).max


@dataclass(slots=True)
class Arrangement:
    """What a person set: sort keys (column, descending), filters, a search text, and fixed rows.

    `only` keeps the rows of these ids (say, those an action refuses), `only_label` says why.
    """

    sort: list[tuple[str, bool]] = field(default_factory=list)
    filters: dict[str, Filter] = field(default_factory=dict)
    search: str = ""
    only: IntArray | None = None
    only_label: str = ""


def _ranks(values: "pd.Series[Any]") -> IntArray:
    """Numbers that sort like the values, missing ones last."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        codes = values.cat.codes.to_numpy().astype(np.int64)
        return np.where(codes < 0, _LAST, codes)
    if pd.api.types.is_numeric_dtype(values.dtype):
        return values.to_numpy(dtype=np.int64, na_value=_LAST)
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        moments = values.to_numpy().astype(np.int64)
        return np.where(values.isna(), _LAST, moments)
    return _text_ranks(values)


def _text_ranks(values: "pd.Series[Any]") -> IntArray:
    encoded = pc.dictionary_encode(pa.chunked_array([pa.array(values.astype("str"), from_pandas=True)]))
    encoded = encoded.combine_chunks()
    if len(encoded.dictionary) == 0:
        return np.full(len(values), _LAST, dtype=np.int64)
    order = pc.sort_indices(pc.utf8_lower(encoded.dictionary)).to_numpy()
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    codes = encoded.indices.fill_null(-1).to_numpy()
    return np.where(codes < 0, _LAST, rank[codes])


class View:
    """A frame in one arrangement; `order` holds the frame positions shown, top to bottom."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame
        self.ids: IntArray = frame["invoice_id"].to_numpy(dtype=np.int64)
        self.order: npt.NDArray[np.intp] = np.arange(len(frame))
        self._by_key: dict[str, IntArray] = {}
        self._by_text: dict[str, tuple[BoolArray, BoolArray]] = {}

    def arrange(self, arrangement: Arrangement) -> None:
        """Filter, then sort; equal rows stay in the order of their ids."""
        self.order = np.flatnonzero(self.mask(arrangement))
        for key, descending in reversed(arrangement.sort):
            ranks = self._rank(key)[self.order]
            if descending:
                ranks = np.where(ranks == _LAST, _LAST, -ranks)
            self.order = self.order[np.argsort(ranks, kind="stable")]

    def mask(self, arrangement: Arrangement, but: str = "") -> BoolArray:
        """Rows the arrangement shows, the filter of column `but` left out."""
        mask = np.ones(len(self.frame), dtype=bool)
        for key, chosen in arrangement.filters.items():
            if key != but:
                mask &= matches(self.frame[key], chosen)
        if arrangement.search:
            exact, held = self._search(arrangement.search)
            mask &= exact if exact.any() else held
        if arrangement.only is not None:
            mask &= np.isin(self.ids, arrangement.only)
        return mask

    def exact(self, text: str) -> bool:
        """Whether rows have the searched text exactly: they alone are found then."""
        return bool(text) and bool(self._search(text)[0].any())

    def others(self, arrangement: Arrangement) -> int:
        """How many more rows would be shown that hold the searched text, where some have it exactly."""
        if not self.exact(arrangement.search):
            return 0
        exact, held = self._search(arrangement.search)
        return int((held & ~exact & self.mask(replace(arrangement, search=""))).sum())

    def _search(self, text: str) -> tuple[BoolArray, BoolArray]:
        """Rows that have a text exactly, and those that hold it; looked for once while it is asked for."""
        if text not in self._by_text:
            self._by_text = {text: (exactly(self.frame, text), holding(self.frame, text))}
        return self._by_text[text]

    def positions(self, ids: npt.ArrayLike) -> npt.NDArray[np.intp]:
        """Frame positions of those ids that are in the frame."""
        wanted = np.unique(np.asarray(ids, dtype=np.int64))
        at = np.searchsorted(self.ids, wanted)
        found = at < len(self.ids)
        found[found] = self.ids[at[found]] == wanted[found]
        return at[found]

    def page(self, start: int, count: int, keys: Sequence[str], marked: BoolArray) -> list[list[Any]]:
        """Some rows in order: id, selected (0 or 1), currency, failure, reference, changed, the run
        that holds it, then the keys.
        """
        at = self.order[max(start, 0) : max(start, 0) + min(max(count, 0), 500)]
        meta: list[Sequence[Any]] = [self.ids[at].tolist(), marked[at].astype(int).tolist()]
        meta += [self._cells(key, at) for key in _META]
        return [list(row) for row in zip(*meta, *(self._cells(key, at) for key in keys), strict=True)]

    def count(self, filters: Mapping[str, Filter]) -> int:
        """How many rows some filters let through; none where a column is not there."""
        known = all(key in self.frame for key in filters)
        return int(self.mask(Arrangement(filters=dict(filters))).sum()) if known else 0

    def text(self, at: npt.NDArray[np.intp], chosen: Sequence[tuple[str, str]]) -> str:
        """Rows as tab-separated text under their labels: amounts as decimals, days as ISO text."""
        currencies = self.frame["currency"].take(at)
        table = pd.DataFrame({label: _texts(self.frame[key].take(at), currencies) for key, label in chosen})
        lines = [[label for _, label in chosen], *table.itertuples(index=False, name=None)]
        return "".join("\t".join(line) + "\n" for line in lines)

    def facets(self, key: str, arrangement: Arrangement) -> dict[str, Any]:
        """What a column's filter offers under the other filters: values with counts, or bounds."""
        values = self.frame[key][self.mask(arrangement, but=key)]
        if isinstance(values.dtype, pd.CategoricalDtype) or values.dtype in ("bool", "boolean"):
            counts = values.value_counts(dropna=False, sort=False)
            pairs = zip(counts.index.tolist(), counts.tolist(), strict=True)
            return {"values": [[None if pd.isna(v) else v, n] for v, n in pairs if n]}
        if pd.api.types.is_string_dtype(values.dtype):
            counts = values.value_counts(dropna=False).head(50)
            pairs = zip(counts.index.tolist(), counts.tolist(), strict=True)
            return {"values": [[None if pd.isna(v) else v, n] for v, n in pairs]}
        return {"from": json_value(values.min()), "to": json_value(values.max())}

    def _rank(self, key: str) -> IntArray:
        if key not in self._by_key:
            self._by_key[key] = _ranks(self.frame[key])
        return self._by_key[key]

    def _cells(self, key: str, at: npt.NDArray[np.intp]) -> list[Any]:
        if key not in self.frame:
            return [None] * len(at)
        values = json_values(self.frame[key].take(at))
        if key != "customer_name" or not self.namesakes:
            return values
        numbers = json_values(self.frame["customer_id"].take(at))
        return [
            f"{name} ({number})" if name in self.namesakes else name
            for name, number in zip(values, numbers, strict=True)
        ]

    @cached_property
    def namesakes(self) -> frozenset[str]:
        """Names that several customers have: shown with the customer's number."""
        if "customer_id" not in self.frame:
            return frozenset()
        columns = {
            key: pa.array(self.frame[key].astype("str"), from_pandas=True)
            for key in ("customer_name", "customer_id")
        }
        pairs = pa.table(columns).group_by(["customer_name", "customer_id"]).aggregate([])
        counts = pairs.group_by("customer_name").aggregate([([], "count_all")])
        several = counts.filter(pc.greater(counts["count_all"], 1))["customer_name"]
        return frozenset(several.drop_null().to_pylist())


def _texts(values: "pd.Series[Any]", currencies: "pd.Series[Any]") -> list[str]:
    """A column as texts; one of free text is guarded against formulas."""
    if str(values.name).endswith("_cents"):
        return [amount or "" for amount in plain_amounts(values, currencies)]
    plain = ["" if value is None else " ".join(str(value).split()) for value in json_values(values)]
    if not pd.api.types.is_string_dtype(values.dtype):
        return plain
    guarded: list[str] = guard(pa.array(plain, pa.string())).to_pylist()
    return guarded


def json_value(value: Any) -> Any:
    """One value as JSON: missing → None, moments → ISO text, numbers plain."""
    if pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp):
        return value.isoformat()[:19] if value != value.normalize() else value.isoformat()[:10]
    return value.item() if isinstance(value, np.generic) else value


def json_values(values: "pd.Series[Any]") -> list[Any]:
    """A column as JSON values; exact decimals become text."""
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        moments: npt.NDArray[np.datetime64] = values.to_numpy().astype("datetime64[s]")
        unit: Literal["D", "s"] = "D" if values.dtype == "datetime64[s]" else "s"
        texts = np.datetime_as_string(moments, unit=unit).tolist()
        return [None if text == "NaT" else text for text in texts]
    plain = values.astype(object)
    cells = plain.where(plain.notna(), None).tolist()
    return [cell if isinstance(cell, (str, int, bool, float, type(None))) else str(cell) for cell in cells]


def arrangement_of(message: Mapping[str, Any], known: Sequence[str]) -> Arrangement:
    """The arrangement a browser asked for; columns that are not there are dropped."""
    sort = [(str(key), bool(descending)) for key, descending in message.get("sort") or [] if key in known]
    filters = {key: chosen for key, chosen in (message.get("filters") or {}).items() if key in known}
    return Arrangement(sort, filters, str(message.get("search") or "").strip())
