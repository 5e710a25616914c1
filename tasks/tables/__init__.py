"""Tables as people save them, CSV or workbook: a header and rows of text."""
