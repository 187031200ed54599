"""Forms of QR codes as browsers send them: one code, or many from lines or a CSV file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from wxdesk.plumbing.csv_files import read_table
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.plumbing.http import whole_number
from wxdesk.qr_codes.queries import CodeView
from wxdesk.qr_codes.rules import (
    MOST_AT_ONCE,
    CodeForm,
    CodeKind,
    problems,
    read_cost,
    write_cost,
)
from wxdesk.words import say

COLUMNS = {
    "label": ("名称", "标签"),
    "cost": ("费用", "成本", "金额"),
    "scene": ("场景值", "场景"),
    "folder": ("文件夹", "分组"),
    "kind": ("类型",),
}
KINDS = {
    "合作方": CodeKind.PARTNER,
    "合作伙伴": CodeKind.PARTNER,
    "门店": CodeKind.SHOP,
    "广告": CodeKind.ADVERT,
    "个人": CodeKind.PERSON,
    "员工": CodeKind.PERSON,
}
MOST_PROBLEMS = 20

Errors = dict[str, str]


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What is wrong in a line of the text, or in a row of the file."""

    number: int
    field: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Many:
    """Codes of one form; `numbers` are their lines or rows."""

    forms: tuple[CodeForm, ...]
    numbers: tuple[int, ...]
    errors: Errors
    problems: tuple[RowProblem, ...] = ()

    @property
    def is_good(self) -> bool:
        return not self.errors and not self.problems

    def refused(self, error: InvalidInputError) -> Many:
        """The same with what the operation did not take."""
        row = error.extra.get("row")
        if row is None or error.field not in COLUMNS:
            return replace(self, errors={**self.errors, error.field: error.sentence})
        problem = RowProblem(self.numbers[row], error.field, error.sentence)
        return replace(self, problems=(problem,))


def read_code(values: Mapping[str, str]) -> tuple[CodeForm, Errors]:
    """The form, and what is wrong at which field."""
    form, errors = _shared(values)
    form = replace(
        form, label=values.get("label", "").strip(), scene=values.get("scene", "").strip()
    )
    return form, {**problems(form), **errors}


def read_many(values: Mapping[str, str], file: bytes | None) -> Many:
    """A code for each line, or for each row of the file."""
    shared, errors = _shared(values)
    field = "lines" if file is None else "file"
    try:
        rows = _rows_of_text(values.get("lines", "")) if file is None else _rows_of_file(file)
    except InvalidInputError as error:
        return Many((), (), {**errors, error.field: error.sentence})
    if len(rows) > MOST_AT_ONCE:
        errors[field] = say("at most %(most)d codes at a time", most=MOST_AT_ONCE)
        rows = []
    elif not rows:
        errors[field] = say("write a name in each line, or choose a file")
    wrong = {**problems(replace(shared, label="-")), **errors}
    forms, found = [], []
    for number, cells in rows:
        form, row_problems = _of_row(shared, cells)
        forms.append(form)
        found += [
            RowProblem(number, name, sentence)
            for name, sentence in row_problems.items()
            if name not in wrong
        ]
    numbers = tuple(number for number, _ in rows)
    return Many(tuple(forms), numbers, wrong, tuple(found[:MOST_PROBLEMS]))


def shown(code: CodeView) -> dict[str, str]:
    """What the form shows of a code."""
    return {
        "account_id": str(code.account_id),
        "label": code.label,
        "kind": code.kind,
        "folder": code.folder,
        "cost": "" if code.cost_cents is None else write_cost(code.cost_cents),
        "scene": code.scene,
        "days": str(code.days or ""),
        "campaign_id": str(code.campaign_id or ""),
    }


def _shared(values: Mapping[str, str]) -> tuple[CodeForm, Errors]:
    errors: Errors = {}
    account_id = whole_number(values.get("account_id", ""))
    if account_id is None:
        errors["account_id"] = say("choose an official account")
    kind = _kind(values.get("kind", ""), errors)
    days = None
    if values.get("life") == "temporary":
        days = whole_number(values.get("days", ""))
        if days is None:
            errors["days"] = say("a whole number is needed")
    form = CodeForm(
        account_id=account_id or 0,
        label="",
        kind=kind,
        folder=values.get("folder", "").strip(),
        cost_cents=_cost(values.get("cost", ""), errors),
        days=days,
        campaign_id=whole_number(values.get("campaign_id", "")),
    )
    return form, errors


def _kind(text: str, errors: Errors) -> CodeKind:
    name = text.strip().casefold()
    if name in KINDS:
        return KINDS[name]
    try:
        return CodeKind(name or CodeKind.PARTNER)
    except ValueError:
        errors["kind"] = say("one of: %(values)s", values=", ".join(CodeKind))
        return CodeKind.PARTNER


def _cost(text: str, errors: Errors) -> int | None:
    try:
        return read_cost(text)
    except ValueError:
        errors["cost"] = say("an amount such as 1200 or 99.50 is needed")
        return None


def _of_row(shared: CodeForm, cells: Mapping[str, str]) -> tuple[CodeForm, Errors]:
    """The shared values where the row says nothing of its own."""
    errors: Errors = {}
    form = replace(shared, label=cells.get("label", "").strip())
    form = replace(form, scene=cells.get("scene", "").strip())
    if cells.get("cost", "").strip():
        form = replace(form, cost_cents=_cost(cells["cost"], errors))
    if cells.get("folder", "").strip():
        form = replace(form, folder=cells["folder"].strip())
    if cells.get("kind", "").strip():
        form = replace(form, kind=_kind(cells["kind"], errors))
    return form, {**problems(form), **errors}


def _rows_of_text(text: str) -> list[tuple[int, dict[str, str]]]:
    """In each line a name, and if wished a cost and a scene, as copied from a table."""
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        cells = line.split("\t") if "\t" in line else line.replace("，", ",").split(",")
        if len(cells) > len(("label", "cost", "scene")):
            raise InvalidInputError(
                "lines",
                say("line %(number)d: a name, a cost and a scene at most", number=number),
            )
        rows.append((number, dict(zip(("label", "cost", "scene"), cells, strict=False))))
    return rows


def _rows_of_file(data: bytes) -> list[tuple[int, dict[str, str]]]:
    return [(row.number, row.cells) for row in read_table(data, COLUMNS, ["label"])]
