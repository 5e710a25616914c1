"""The variables of a manifest's cells, filled from the columns of its rows.

A value is text: it is never looked into for variables, never read as a mark of a script, and never
leads to another folder.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from urllib.parse import quote

from tasks.errors import counted
from tasks.inputs.addresses import has_scheme
from tasks.inputs.text_files import MAX_SCRIPT_BYTES
from tasks.manifest.cell_values import BadValueError, check_text
from tasks.manifest.faults import Fault
from tasks.manifest.on_screen.columns import TEXT_COLUMNS
from tasks.manifest.personal.template import (
    Template,
    TemplateError,
    TemplateFlaw,
    Variable,
    is_template,
    parse_template,
    place_in,
)
from tasks.manifest.row_files import FILE_COLUMNS
from tasks.manifest.shape import SourceRow
from tasks.reading.cleaning.draft import Draft
from tasks.reading.cleaning.leftovers import repaired
from tasks.reading.cleaning.tags import tags
from tasks.reading.marks import marks_of

SAID = "_say"
"""What a column is called that says how the values of another are spoken: name, name_say."""
MAX_PROMPT_CHARS = 10_000
MAX_PATH_CHARS = 1000
_SCRIPT = "script"
_TEXTS = (_SCRIPT, "prompt", *TEXT_COLUMNS)
_NEUTRAL = "x"
_MAY_MARK = re.compile(r"[<>\[\]［］&\\\"“”]|_x", re.IGNORECASE)
_NOT_SAID = re.compile(r"[<>\"“”&\\]")
_IN_TAG = re.compile(r"<[A-Za-z/][^<>]*$")
_LEADS_OUT = "a value cannot lead to another folder above"
_HOST = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]+/")
_NAMES_SHOWN = 8


class Variables:
    """What the variables of a manifest may name, and what became of them."""

    def __init__(self, own: Sequence[str], known: Collection[str], *, is_strict: bool) -> None:
        """No row is filled yet.

        Args:
            own: the columns that may be named.
            known: columns that are settings, and may not.
            is_strict: an empty cell is a fault, also where there is a default.
        """
        self.own, self.is_strict = tuple(own), is_strict
        self._known = frozenset(known)
        self.used: set[str] = set()
        self.fallbacks: Counter[tuple[str, str]] = Counter()
        self._of_texts: dict[tuple[str, str, str], list[Fault]] = {}

    def of_row(self, row: SourceRow) -> "RowValues":
        """The values of one row."""
        return RowValues(row.line, row.cells, self)

    def faults(self) -> Iterator[Fault]:
        """What is wrong with the texts themselves; what several rows share is told once."""
        for told in self._of_texts.values():
            first, more = told[0], len(told) - 1
            also = f"; the same in {counted(more, 'more row')}" if more else ""
            yield Fault(first.line, first.column, first.value, first.rule + also, first.way_out)

    def notices(self, num_rows: int) -> Iterator[str]:
        """How many rows fell back to a default."""
        for (name, default), number in sorted(self.fallbacks.items()):
            told = f'"{default}"' if default else "nothing"
            yield (
                f"{{{{{name}}}}}: {number:,} of {counted(num_rows, 'row')} fell back to {told}, "
                "because the cell is empty; --strict-variables makes that a problem"
            )

    def parsed(self, line: int, column: str, text: str) -> Template | None:
        """A template all of whose variables are columns; None where it is none, which is noted."""
        try:
            template = parse_template(text)
        except TemplateError as error:
            for flaw in error.flaws:
                self.note(line, column, text, flaw)
            return None
        unknown = [each for each in template.variables if each.name not in self.own]
        for each in unknown:
            self.note(line, column, text, self._unknown(each))
        for each in template.variables:
            self.used |= {each.name, each.name + SAID} & set(self.own)
        return None if unknown else template

    def note(self, line: int, column: str, text: str, flaw: TemplateFlaw) -> None:
        """Something is wrong with a text, whatever the row's values are."""
        rule = f"{flaw.rule} ({place_in(text, flaw.index)})"
        key = (column, flaw.written, rule)
        fault = Fault(line, column, flaw.written, rule, flaw.way_out)
        self._of_texts.setdefault(key, []).append(fault)

    def _unknown(self, variable: Variable) -> TemplateFlaw:
        name = variable.name
        if name in self._known:
            rule = f"names the column {name}, which is a setting and no value"
            way_out = f"copy it to a column of another name, such as my_{name}"
            return TemplateFlaw(variable.written, variable.index, rule, way_out)
        near = get_close_matches(name, self.own, 1, 0.5)
        if near:
            way_out = f"did you mean {{{{{near[0]}}}}}?"
        elif self.own:
            shown = ", ".join(self.own[:_NAMES_SHOWN])
            more = ", ..." if len(self.own) > _NAMES_SHOWN else ""
            way_out = f"add the column, or use one of {shown}{more}"
        else:
            way_out = f"add a column {name} with a value in each row"
        rule = f'there is no column "{name}" for this variable'
        return TemplateFlaw(variable.written, variable.index, rule, way_out)


@dataclass
class RowValues:
    """The values of one row.

    Attributes:
        line: of the file on which the row starts.
        cells: column -> text, of all columns.
        variables: of the manifest.
        faults: what is wrong with the values.
        blamed: columns whose texts could not be filled, of which nothing else need be said.
    """

    line: int
    cells: dict[str, str]
    variables: Variables
    faults: list[Fault] = field(default_factory=list[Fault])
    blamed: set[str] = field(default_factory=set[str])
    _on_one_line: dict[str, str] = field(default_factory=dict[str, str])

    def filled(self, column: str, text: str, *, is_script: bool = False) -> str:
        """The text of a cell, or the script in the file that it names, with its values.

        A text that cannot be filled stays as it is; then its column is blamed.

        Args:
            column: of the cell; variables are read in scripts, prompts and names of files.
            text: as it was written.
            is_script: the text comes from the file that the cell names.
        """
        is_read = is_script or column in _TEXTS or column in FILE_COLUMNS
        if not (is_read and is_template(text)):
            return text
        template = self.variables.parsed(self.line, column, text)
        is_said = is_script or column == _SCRIPT
        if template is None or not self._has_values(column, template, is_said=is_said):
            self.blamed.add(column)
            return text
        if is_said:
            return self._script(column, template)
        return self._path(column, template) if column in FILE_COLUMNS else self._plain(template)

    def value_of(self, variable: Variable) -> str:
        """The value on one line; the default where the row has none."""
        value = self.cells.get(variable.name, "") or variable.default or ""
        if value not in self._on_one_line:  # a text may have the same variable many times
            self._on_one_line[value] = on_one_line(value)
        return self._on_one_line[value]

    # --- whether there are values -----------------------------------------------------------------

    def _has_values(self, column: str, template: Template, *, is_said: bool) -> bool:
        num_faults = len(self.faults)
        for variable in {each.name: each for each in template.variables}.values():
            self._check_value(column, variable)
            if is_said:
                self._check_said(variable.name + SAID)
        if len(self.faults) == num_faults:
            self._check_length(column, template, is_said=is_said)
        if len(self.faults) > num_faults:
            return False
        for name, default in {(each.name, each.default) for each in template.variables}:
            if default is not None and not self.cells.get(name):
                self.variables.fallbacks[name, default] += 1
        return True

    def _check_value(self, column: str, variable: Variable) -> None:
        name, value = variable.name, self.cells.get(variable.name, "")
        shown = f"{variable.written} in {column}"
        if not value and variable.default is None:
            rule = f"the cell is empty, and {shown} has no default"
            self._fault(name, "", rule, f"fill it, or write {{{{{name}|words without a value}}}}")
        elif not value and self.variables.is_strict:
            rule = f"the cell is empty, and --strict-variables allows no default of {shown}"
            self._fault(name, "", rule, "fill it, or leave out --strict-variables")
        try:
            check_text(value, allow_lines=True)
        except BadValueError as error:
            self._fault(name, value, *error.args)

    def _check_said(self, name: str) -> None:
        said = self.cells.get(name, "")
        if _NOT_SAID.search(said):
            rule = 'what is spoken cannot hold any of < > " & and \\'
            self._fault(name, said, rule, "write it in words alone")

    def _check_length(self, column: str, template: Template, *, is_said: bool) -> None:
        most = MAX_SCRIPT_BYTES if is_said else MAX_PROMPT_CHARS
        if column in FILE_COLUMNS and not is_said:
            most = MAX_PATH_CHARS
        lengths = [
            len(part) if isinstance(part, str) else len(self.value_of(part))
            for part in template.parts
        ]
        if sum(lengths) <= most:
            return
        longest = max(template.variables, key=lambda each: len(self.value_of(each)))
        value = self.value_of(longest)
        rule = (
            f"with these {counted(len(value), 'character')} the {column} would have "
            f"{sum(lengths):,}, at most {most:,} are read"
        )
        self._fault(longest.name, value, rule, "write a shorter value")

    # --- kinds of texts ---------------------------------------------------------------------------

    def _plain(self, template: Template) -> str:
        return template.filled(self.value_of)

    def _script(self, column: str, template: Template) -> str:
        neutral, filled = "", ""
        for part in template.parts:
            if isinstance(part, str):
                neutral, filled = neutral + part, filled + part
                continue
            value, said = self.value_of(part), self.cells.get(part.name + SAID, "")
            is_spoken_otherwise = bool(said and self.cells.get(part.name))
            said = on_one_line(said)
            if not is_spoken_otherwise:
                neutral, filled = neutral + _NEUTRAL, filled + value
            elif _IN_TAG.search(neutral):
                neutral, filled = neutral + _NEUTRAL, filled + said
            else:
                neutral += f'<sub alias="{_NEUTRAL}">{_NEUTRAL}</sub>'
                filled += f'<sub alias="{said}">{value}</sub>'
        values = {each.name: self.value_of(each) for each in template.variables}
        if any(map(_MAY_MARK.search, values.values())) and _shape(neutral) != _shape(filled):
            self._note_mark(column, values)
            return template.text
        return filled

    def _note_mark(self, column: str, values: dict[str, str]) -> None:
        name = next(name for name, value in values.items() if _MAY_MARK.search(value))
        name = next((each for each in values if _shape(values[each]) != _shape(_NEUTRAL)), name)
        rule = f"in the {column} it would be read as a mark or a tag, and a value is only text"
        self._fault(name, values[name], rule, "write it without brackets, or put the mark there")
        self.blamed.add(column)

    def _path(self, column: str, template: Template) -> str:
        neutral = template.filled(lambda _: _NEUTRAL)
        first = template.parts[0]
        start = first if isinstance(first, str) else ""
        is_address = has_scheme(neutral)
        for variable in template.variables:
            value = self.value_of(variable)
            rule = _path_flaw(value)
            if not rule and is_address and not _HOST.match(start):
                rule = "a variable cannot stand in the name of a server"
            if rule:
                self._note_path(column, variable.name, value, rule)
                return template.text
        is_web = is_address and not neutral.startswith("s3:")
        filled = template.filled(
            lambda each: quote(self.value_of(each)) if is_web else self.value_of(each)
        )
        if _leads_up(filled) and not _leads_up(neutral):
            name = template.variables[0].name
            self._note_path(column, name, self.value_of(template.variables[0]), _LEADS_OUT)
            return template.text
        return filled

    def _note_path(self, column: str, name: str, value: str, rule: str) -> None:
        self._fault(name, value, f"in the {column}: {rule}", "write only the name of a file")
        self.blamed.add(column)

    def _fault(self, column: str, value: str, rule: str, way_out: str) -> None:
        fault = Fault(self.line, column, value, rule, way_out)
        if fault not in self.faults:  # of a variable that several texts name
            self.faults.append(fault)


def on_one_line(value: str) -> str:
    """The value with a space for each run of spaces that has a line break in it.

    No regular expression: it looks at a run of spaces from each of its spaces on, which takes hours
    where there are many.
    """
    first, *others = value.split("\n")
    if not others:
        return value
    inside = [part for each in others[:-1] if (part := each.strip())]
    return " ".join((first.rstrip(), *inside, others[-1].lstrip()))


def no_values() -> RowValues:
    """Of a row that stands alone: there is no column that a variable could name."""
    return RowValues(1, {}, Variables((), (), is_strict=False))


def _leads_up(path: str) -> bool:
    return path.startswith(("/", "~")) or ".." in re.split(r"[/\\]", path)


def _path_flaw(value: str) -> str:
    """Why a value cannot be a part of a file's name; empty if it can."""
    if has_scheme(value) or ":" in value:
        return "a value is no address and no drive"
    if "\\" in value:
        return "a value cannot hold a backslash"
    if _leads_up(value):
        return _LEADS_OUT
    return ""


def _shape(text: str) -> tuple[object, ...]:
    """The marks of a script, whatever its words are."""
    draft, _ = repaired(Draft.of(text))
    marked, flaws = marks_of(draft)
    return (
        [(tag.name, tag.is_closing, tag.is_empty, [*tag.attributes]) for tag in tags(draft.text)],
        [pause.milliseconds for pause in marked.pauses],
        [span.kind for span in marked.spans],
        [flaw.way_out for flaw in flaws],
    )
