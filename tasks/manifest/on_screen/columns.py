"""Columns that are shown on the screen where a row has a brand; elsewhere they are a team's own."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from tasks.screen_records import MOST_IMAGES

BRAND_COLUMN = "brand"
IMAGE_COLUMNS: Mapping[str, int] = MappingProxyType(
    {
        "product_image" if number == 1 else f"product_image_{number}": number
        for number in range(1, MOST_IMAGES + 1)
    }
)
"""Columns of product pictures, and the numbers that marks in scripts call them by."""
LOWER_THIRD_COLUMNS = ("name", "title")
TEXT_COLUMNS = ("headline", "price_text", "cta", *LOWER_THIRD_COLUMNS)
LAYOUT_COLUMN = "product_layout"
SCREEN_COLUMNS = (*IMAGE_COLUMNS, LAYOUT_COLUMN, *TEXT_COLUMNS)
_ABOUT = (
    (BRAND_COLUMN, "The brand file of the row, beside the manifest.", "spring.toml"),
    ("product_image", "Picture of the product: PNG, WebP or JPEG.", "lamp.png"),
    ("product_image_2", "A further picture, up to `product_image_9`.", "lamp-on.png"),
    (LAYOUT_COLUMN, "Layout by name. Default: the brand's.", "below"),
    ("headline", "Words above the product.", "A lamp that finds its own light"),
    ("price_text", "The price, as it is to be read.", "$49"),
    ("cta", "Call to action, in the last five seconds.", "Order today"),
    ("name", "The presenter's name, in the lower third.", "Mara Lind"),
    ("title", "The presenter's title, below the name.", "Lighting designer"),
)


def screen_columns_table() -> str:
    """The columns as the Markdown table of docs/layouts.md."""
    lines = ["| column | what it is | example |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| `{name}` | {about} | `{eg}` |" for name, about, eg in _ABOUT)])


def is_brand_column(cells: Sequence[str]) -> bool:
    """Whether a column called ``brand`` names brand files; a team's own names brands otherwise."""
    return any(cell.strip().lower().endswith(".toml") for cell in cells)
