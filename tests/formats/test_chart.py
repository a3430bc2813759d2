"""Bars as a picture: they begin at zero, as long as their values ask, and the same bars are the same bytes."""

import io

from PIL import Image

from invoicebatch.formats.chart import BLUE, YELLOW, Bar, Panel, picture


def lengths(png: bytes) -> dict[str, list[int]]:
    """Pixels of each colour in the rows where it is, one value a bar."""
    shown = Image.open(io.BytesIO(png)).convert("RGB")
    found: dict[str, list[int]] = {}
    for colour in (BLUE, YELLOW):
        wanted = tuple(bytes.fromhex(colour[1:]))
        rows = [
            sum(shown.getpixel((x, y)) == wanted for x in range(shown.width)) for y in range(shown.height)
        ]
        found[colour] = [
            most for most, before in zip(rows[1:], rows, strict=False) if most > 20 and before <= 20
        ]
    return found


def test_bars_are_as_long_as_their_values_to_either_side_of_zero() -> None:
    bars = [
        Bar("owed", 300, "300.00"),
        Bar("paid too much", -100, "-100.00", YELLOW),
        Bar("nothing", 0, "0.00"),
    ]
    found = lengths(picture([Panel("What is owed", bars)]))
    (owed,), (credit,) = found[BLUE], found[YELLOW]
    assert abs(owed / credit - 3) < 0.1


def test_a_long_label_leaves_room_for_the_bars() -> None:
    label = "status is approved, not created, and its customer has neither street nor town"
    (long,) = lengths(picture([Panel("Why not", [Bar(label, 3, "3")])]))[BLUE]
    assert long > 200


def test_the_same_bars_are_the_same_bytes_and_no_bars_are_a_picture_too() -> None:
    panel = Panel("Überfällig <b> #x", [Bar("30 days", 1, "€1")], [("this run", BLUE)])
    assert picture([panel]) == picture([panel])
    assert Image.open(io.BytesIO(picture([Panel("None", [])]))).format == "PNG"
