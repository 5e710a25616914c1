"""Texts with variables: what is filled, what is left alone, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.manifest.personal.template import (
    TemplateError,
    TemplateFlaw,
    Variable,
    escaped,
    is_template,
    parse_template,
    place_in,
)

TEXTS = st.text(st.sampled_from(r"ab {}|\<" + "\n"), max_size=30) | st.text(max_size=60)


def filled(text: str, **values: str) -> str:
    return parse_template(text).filled(lambda each: values.get(each.name) or each.default or "")


def flaws_of(text: str) -> tuple[TemplateFlaw, ...]:
    try:
        parse_template(text)
    except TemplateError as error:
        return error.flaws
    return ()


def flaws(text: str) -> list[tuple[str, str]]:
    with pytest.raises(TemplateError) as raised:
        parse_template(text)
    return [(flaw.written, flaw.rule) for flaw in raised.value.flaws]


def test_a_variable_is_named_as_columns_are() -> None:
    assert parse_template("Dear {{ First Name }},").parts == (
        "Dear ",
        Variable("first_name", None, "{{ First Name }}", 5),
        ",",
    )


@pytest.mark.parametrize(
    ("text", "value", "told"),
    [
        ("only {{price|ask us}}!", "", "only ask us!"),
        ("only {{price|ask us}}!", "5 €", "only 5 €!"),
        ("{{price|}}.", "", "."),
        (r"{{price|a \| b}}", "", "a | b"),
        (r"{{price|\{{x\}} }}", "", "{{x}}"),
        (r"\{{price}} {{price}}", "5", "{{price}} 5"),
        (r"\\{{price}}", "5", "\\5"),
        ("{{price}}{{price}}", "5", "55"),
    ],
)
def test_values_defaults_and_escapes(text: str, value: str, told: str) -> None:
    assert filled(text, price=value) == told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Hi {{name", ("{{name", "is never closed by }}")),
        ("Hi {{name}", ("{{name}", "is never closed by }}")),
        ("{{a}} b}}", ("}}", "closes no variable")),
        ("{{}}", ("{{}}", "does not name a column between its braces")),
        ("{{|there}}", ("{{|there}}", "does not name a column between its braces")),
        ("{{{name}}}", ("{{{name}}", "does not name a column between its braces")),
    ],
)
def test_broken_braces_are_refused(text: str, told: tuple[str, str]) -> None:
    assert told in flaws(text)


def test_a_variable_inside_another_is_refused() -> None:
    assert next(rule for _, rule in flaws("{{a{{b}}}}")) == "is a variable inside a variable"


@given(TEXTS)
def test_what_is_escaped_comes_back(text: str) -> None:
    kept = escaped(text)
    assert is_template(kept) == is_template(text)
    if is_template(kept):
        assert parse_template(kept).variables == ()
        assert filled(kept) == text


@given(TEXTS, TEXTS, TEXTS)
def test_a_value_is_never_looked_into(before: str, value: str, after: str) -> None:
    # behind a backslash two braces would be escaped
    template = f"{escaped(before)} {{{{name}}}}{escaped(after)}"
    if not is_template(before):
        before = before.replace("}}", "")
        template = f"{before} {{{{name}}}}{escaped(after)}"
    if not is_template(after):
        after = after.replace("}}", "")
        template = template.split("{{name}}")[0] + "{{name}}" + after
    assert filled(template, name=value) == f"{before} {value}{after}" if value else True


@given(TEXTS)
def test_any_text_is_filled_or_refused_at_a_place_in_it(text: str) -> None:
    found = flaws_of(text)
    for flaw in found:
        assert 0 <= flaw.index < len(text)
        assert place_in(text, flaw.index)
        assert text[flaw.index :].startswith(("{{", "}}"))


def test_a_place_is_told_by_line_and_character() -> None:
    assert place_in("ab {{x}}", 3) == "character 4"
    assert place_in("ab\nc {{x}}", 5) == "line 2, character 3"
