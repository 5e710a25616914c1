from datetime import date, datetime, time, timedelta

import pytest

from tasks.tables.number_format import Value, displayed


@pytest.mark.parametrize(
    ("value", "number_format", "shown"),
    [
        (7, "General", "7"),
        (7.0, "General", "7"),
        (0.1 + 0.2, "General", "0.3"),
        (-12.5, "General", "-12.5"),
        (1234567.891, "General", "1234567.891"),
        (99, "@", "99"),
        (True, "General", "TRUE"),
        ("text", "0.00", "text"),
        (None, "0.00", ""),
        (1999, "#,##0", "1,999"),
        (1999.5, "#,##0.00", "1,999.50"),
        (0.5, "#,##0.00", "0.50"),
        (0.5, "#.##", ".5"),
        (7, "000", "007"),
        (42, "0000", "0042"),
        (2.5, "0", "3"),
        (3.14159, "0.00", "3.14"),
        (3.1, "0.0##", "3.1"),
        (1234567, "#,##0,", "1,235"),
        (1500000, '0.0,,"M"', "1.5M"),
        (0.15, "0%", "15%"),
        (0.125, "0.0%", "12.5%"),
        (1, "0%", "100%"),
        (1999, '"$"#,##0', "$1,999"),
        (1999.9, '"$"#,##0.00', "$1,999.90"),
        (27.5, "#,##0.00 [$€-407]", "27.50 €"),
        (27.5, "[$€-2] #,##0.00", "€ 27.50"),
        (1299, "[$¥-804]#,##0", "¥1,299"),
        (99, '#,##0"元"', "99元"),
        (-5, '"$"#,##0;("$"#,##0)', "($5)"),
        (-5, "#,##0.00_);[Red](#,##0.00)", "(5.00)"),
        (-5, "0.0", "-5.0"),
        (0, '0;-0;"free"', "free"),
        (150, '[>=100]"many";[<100]0', "many"),
        (12, '[>=100]"many";[<100]0', "12"),
        (5, "0 \\k\\g", "5 kg"),
        (5, '0" kg"', "5 kg"),
        (1.5, "# ?/?", "1 1/2"),
        (0.25, "# ??/??", "1/4"),
        (2, "# ?/?", "2"),
        (12345.678, "0.00E+00", "1.23E+4"),
        (1234, "_-* #,##0_-;-* #,##0_-", "1,234"),
        (139_1234_5678, "000-0000-0000", "139-1234-5678"),
    ],
)
def test_numbers_are_shown_as_the_spreadsheet_shows_them(
    value: Value, number_format: str, shown: str
) -> None:
    assert displayed(value, number_format) == shown


MOMENT = datetime(2026, 3, 4, 15, 5, 9)


@pytest.mark.parametrize(
    ("value", "number_format", "shown"),
    [
        (MOMENT, "yyyy-mm-dd", "2026-03-04"),
        (MOMENT, "mm-dd-yy", "2026-03-04"),
        (MOMENT, "m/d/yyyy", "2026-03-04"),
        (MOMENT, "d mmmm yyyy", "4 March 2026"),
        (MOMENT, "[$-409]mmm d, yyyy", "Mar 4, 2026"),
        (MOMENT, "dddd, mmm d", "Wednesday, Mar 4"),
        (MOMENT, 'yyyy"年"m"月"d"日"', "2026年3月4日"),
        (MOMENT, "h:mm AM/PM", "3:05 PM"),
        (MOMENT, "hh:mm:ss", "15:05:09"),
        (MOMENT, "yyyy\\-mm\\-dd hh:mm", "2026-03-04 15:05"),
        (MOMENT, "m/d/yy h:mm", "2026-03-04 15:05"),
        (MOMENT, "General", "2026-03-04 15:05:09"),
        (date(2026, 11, 29), "yyyy/m/d", "2026/11/29"),
        (datetime(2026, 11, 29), "General", "2026-11-29"),
        (time(9, 30), "h:mm", "9:30"),
        (time(21, 30), "h:mm AM/PM", "9:30 PM"),
        (timedelta(hours=30, minutes=5), "[h]:mm", "30:05"),
    ],
)
def test_dates_are_shown_in_their_format_and_those_of_a_country_unmistakably(
    value: Value, number_format: str, shown: str
) -> None:
    assert displayed(value, number_format) == shown
