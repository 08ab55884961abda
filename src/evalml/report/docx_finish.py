"""What pandoc leaves out of a Word document: page, header, footer, table lines, steady bytes."""

from __future__ import annotations

import zipfile
from io import BytesIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from evalml.report.render import Stationery

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time a zip can hold: what every entry carries."""

LIGHT = "F2F5F8"
STAMP_RED = "8A1C1C"


def finish_docx(path: Path, paper: Stationery) -> None:
    """Set A4, fonts, colours, header, footer and table lines, then write steady bytes.

    Args:
        path: The document that pandoc wrote; replaced.
        paper: What stands around the text.
    """
    import docx

    document = docx.Document(str(path))
    set_page(document, landscape=paper.landscape)
    set_styles(document, paper)
    set_header(document, paper)
    set_footer(document, paper)
    for table in document.tables:
        line_table(table)
    document.core_properties.author = paper.institution.name
    document.core_properties.language = "fr-FR" if paper.lang == "fr" else "en-GB"
    buffer = BytesIO()
    document.save(buffer)
    path.write_bytes(steady_zip(buffer.getvalue()))


def steady_zip(content: bytes) -> bytes:
    """Return the same zip with its entries sorted and without the time of writing."""
    target = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(content)) as old,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in sorted(old.namelist(), key=lambda name: (name != "[Content_Types].xml", name)):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            new.writestr(entry, old.read(name))
    return target.getvalue()


def set_page(document: Any, *, landscape: bool = False) -> None:
    """Set A4 with margins of two centimetres, on its side for wide tables."""
    from docx.enum.section import WD_ORIENT
    from docx.shared import Cm

    short, long = Cm(21), Cm(29.7)
    for section in document.sections:
        section.orientation = WD_ORIENT.LANDSCAPE if landscape else WD_ORIENT.PORTRAIT
        section.page_width, section.page_height = (long, short) if landscape else (short, long)
        section.left_margin = section.right_margin = Cm(2)
        section.top_margin = section.bottom_margin = Cm(2)


def set_styles(document: Any, paper: Stationery) -> None:
    """Set fonts, the colour of titles, and the boxes of the answer and the stamp."""
    from docx.shared import Pt, RGBColor

    colour = paper.institution.colour.lstrip("#").upper()
    styles = {style.name: style for style in document.styles}
    for name, size in SIZES.items():
        if name in styles:
            font = styles[name].font
            font.name, font.size = MONO if name in CODE else "Calibri", Pt(size)
            clear_theme_font(styles[name])
            if name.startswith(("Heading", "Title")):
                font.color.rgb = RGBColor.from_string(colour)
            if name in {"Title", "Subtitle", "Body Text", "First Paragraph"}:
                shape = styles[name].paragraph_format
                shape.alignment, shape.space_before, shape.space_after = 0, Pt(3), Pt(4)
    for name, shade, edge in (("Answer", LIGHT, colour), ("Stamp", "FFFFFF", STAMP_RED)):
        if name in styles:
            box_style(styles[name], shade, edge)


MONO, CODE = "Consolas", ("Verbatim Char", "Source Code")
SIZES = {
    "Normal": 10, "Body Text": 10, "First Paragraph": 10, "Compact": 8.5, "Title": 18,
    "Subtitle": 11, "Heading 1": 14, "Heading 2": 12.5, "Table Caption": 9, "Image Caption": 9,
    "Answer": 10.5, "Imprint": 8.5, "Stamp": 9, "Captioned Figure": 10, "Verbatim Char": 7.5,
    "Source Code": 8.5,
}  # fmt: skip


def clear_theme_font(style: Any) -> None:
    """Let the named font win over the font of the theme, and letters keep their distance."""
    properties = style.element.rPr
    for key in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        properties.rFonts.attrib.pop(_q(f"w:{key}"), None)
    for old in properties.findall(_q("w:spacing")):
        properties.remove(old)


def box_style(style: Any, shade: str, edge: str) -> None:
    """Give a paragraph style a shade and a line on its left."""
    properties = style.element.get_or_add_pPr()
    for tag in ("w:pBdr", "w:shd"):
        for old in properties.findall(_q(tag)):
            properties.remove(old)
    border = _element("w:pBdr")
    border.append(
        _element("w:left", {"w:val": "single", "w:sz": "24", "w:space": "8", "w:color": edge})
    )
    shading = _element("w:shd", {"w:val": "clear", "w:color": "auto", "w:fill": shade})
    insert_in_order(properties, border)
    insert_in_order(properties, shading)


AFTER = (
    "w:tabs", "w:suppressAutoHyphens", "w:kinsoku", "w:wordWrap", "w:overflowPunct",
    "w:topLinePunct", "w:autoSpaceDE", "w:autoSpaceDN", "w:bidi", "w:adjustRightInd",
    "w:snapToGrid", "w:spacing", "w:ind", "w:contextualSpacing", "w:mirrorIndents",
    "w:suppressOverlap", "w:jc", "w:textDirection", "w:textAlignment", "w:textboxTightWrap",
    "w:outlineLvl", "w:divId", "w:cnfStyle", "w:rPr", "w:sectPr", "w:pPrChange",
)  # fmt: skip
"""What the schema puts after borders and shading in paragraph properties."""


def insert_in_order(properties: Any, element: Any) -> None:
    """Insert an element before those that the schema puts after it."""
    later = [child for child in properties if child.tag in {_q(tag) for tag in AFTER}]
    if later:
        later[0].addprevious(element)
    else:
        properties.append(element)


def set_header(document: Any, paper: Stationery) -> None:
    """Write the institution, and the stamp, at the top of every page."""
    from docx.shared import Cm, Pt, RGBColor

    header = document.sections[0].header
    header.is_linked_to_previous = False
    line = header.paragraphs[0]
    line.paragraph_format.tab_stops.add_tab_stop(Cm(17), _right())
    if paper.institution.logo is not None and paper.institution.logo.suffix.lower() != ".svg":
        shape = line.add_run().add_picture(str(paper.institution.logo), height=Cm(0.9))
        shape._inline.docPr.set("descr", paper.institution.name)  # noqa: SLF001
        line.add_run(" ")
    line.add_run(paper.institution.name).font.size = Pt(9)
    if paper.stamp:
        run = line.add_run(f"\t{paper.stamp.upper()}")
        run.bold, run.font.size = True, Pt(9)
        run.font.color.rgb = RGBColor.from_string(STAMP_RED)


def set_footer(document: Any, paper: Stationery) -> None:
    """Write the page number and the number of pages at the foot of every page."""
    from docx.shared import Pt

    footer = document.sections[0].footer
    footer.is_linked_to_previous = False
    line = footer.paragraphs[0]
    before, between = paper.page.split("{pages}")[0].split("{page}")
    for words, field in ((before, "PAGE"), (between, "NUMPAGES")):
        line.add_run(words).font.size = Pt(9)
        run = line.add_run()
        run.font.size = Pt(9)
        for kind in ("begin", None, "end"):
            run._r.append(field_part(kind, field))  # noqa: SLF001


def field_part(kind: str | None, field: str) -> Any:
    """Return the start, the instruction or the end of a field."""
    if kind is not None:
        return _element("w:fldChar", {"w:fldCharType": kind})
    part = _element("w:instrText", {"xml:space": "preserve"})
    part.text = field
    return part


def line_table(table: Any) -> None:
    """Draw thin lines between rows, a thicker one under the header, and repeat the header."""
    properties = table._tbl.tblPr  # noqa: SLF001
    for old in properties.findall(_q("w:tblBorders")):
        properties.remove(old)
    borders = _element("w:tblBorders")
    for side, size in (("top", "8"), ("bottom", "8"), ("insideH", "4")):
        look = {"w:val": "single", "w:sz": size, "w:space": "0", "w:color": "8C8C8C"}
        borders.append(_element(f"w:{side}", look))
    look_node = properties.find(_q("w:tblLook"))
    layout = properties.find(_q("w:tblLayout"))
    place = layout if layout is not None else look_node
    if place is None:
        properties.append(borders)
    else:
        place.addprevious(borders)
    margins = _element("w:tblCellMar")
    for side in ("left", "right"):
        margins.append(_element(f"w:{side}", {"w:w": "60", "w:type": "dxa"}))
    for old in properties.findall(_q("w:tblCellMar")):
        properties.remove(old)
    if look_node is None:
        properties.append(margins)
    else:
        look_node.addprevious(margins)
    head = table.rows[0]
    repeat_header(head)
    for cell in head.cells:
        shade_cell(cell)
        for paragraph in cell.paragraphs:
            for run in paragraph.runs:
                run.bold = True


def repeat_header(row: Any) -> None:
    """Mark a row as the header of its table: read out as such, repeated on each page."""
    properties = row._tr.get_or_add_trPr()  # noqa: SLF001
    if properties.find(_q("w:tblHeader")) is None:
        properties.append(_element("w:tblHeader", {"w:val": "true"}))


def shade_cell(cell: Any) -> None:
    """Shade a cell of the header."""
    properties = cell._tc.get_or_add_tcPr()  # noqa: SLF001
    properties.append(_element("w:shd", {"w:val": "clear", "w:color": "auto", "w:fill": LIGHT}))


def _right() -> Any:
    from docx.enum.text import WD_TAB_ALIGNMENT

    return WD_TAB_ALIGNMENT.RIGHT


def _q(tag: str) -> str:
    from docx.oxml.ns import qn

    return str(qn(tag))


def _element(tag: str, attributes: dict[str, str] | None = None) -> Any:
    from docx.oxml import OxmlElement

    element = OxmlElement(tag)
    for key, value in (attributes or {}).items():
        element.set(_q(key), value)
    return element
