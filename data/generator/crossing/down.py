"""Tables whose rows go on from page to page."""

from collections.abc import Sequence
from typing import TypedDict, Unpack

from data.generator.crossing.drawing import LANDSCAPE, PROSE, Block, Case, Part, Sheet, Text, Whole
from data.generator.crossing.ledgers import ACCOUNTS, GOODS, PLACES, TASKS, ledger
from data.generator.flowables import SERIF
from data.generator.tables import Cell, Row, data, head, section, total

YEARS = ("", "2023", "2022")
WIDTHS = (150.0, 80.0, 80.0)
FOUR = (120.0, 70.0, 70.0, 70.0)
AFTER = "The auditors have seen the books and vouchers of all branches and have no remarks to make on them."


class PartOptions(TypedDict, total=False):
    """Fields of a `Part`."""

    title: str
    has_header: bool
    again: tuple[Row, ...]
    widths: tuple[float, ...]


def split(whole: Whole, ends: Sequence[int], lead: Sequence[Block] = (Text(PROSE),), **options: Unpack[PartOptions]) -> tuple[Sheet, ...]:
    """The pages of a table that ends at these body rows on each page; options are those of the parts after the first."""
    return pages(whole, [Part(0, start, end, **(options if start else {})) for start, end in zip((0, *ends), ends, strict=False)], lead)


def pages(whole: Whole, parts: Sequence[Part], lead: Sequence[Block] = (Text(PROSE),)) -> tuple[Sheet, ...]:
    """The pages of these parts: text above the first, the rest at the head of its page, text below the last."""
    titled: list[tuple[Block, ...]] = [(*([Text(part.title, "title")] if part.title else []), part) for part in parts[1:]]
    return (
        Sheet((*lead, Text(whole.title, "title"), parts[0]), is_low=True),
        *(Sheet(blocks) for blocks in titled[:-1]),
        Sheet((*titled[-1], Text(AFTER))),
    )


def down_cases() -> tuple[Case, ...]:
    """Every case of rows that go on."""
    return (
        *_plain(),
        *_continued_titles(),
        *_cut_rows(),
        *_carried(),
        *_long(),
        *_widths(),
        *_furniture(),
        *_sections(),
        *_headings(),
        *_turned(),
        *_scans(),
    )


def _plain() -> list[Case]:
    landings = Whole("Table 1. Landings by harbor", ledger(1, PLACES, 12, ("Harbor", "2023", "2022")), WIDTHS)
    stock = Whole("Stock on hand", ledger(2, GOODS, 13, ("Item", "Count", "Ordered", "Sold")), FOUR, look="ruled")
    accounts = Whole("Accounts of the group", ledger(3, ACCOUNTS, 12, YEARS, "signed"), WIDTHS, look="open")
    return [
        Case("header-repeated-rules", (landings,), split(landings, (6, 12))),
        Case("header-repeated-ruled", (stock,), split(stock, (7, 13)), SERIF),
        Case("header-repeated-open", (accounts,), split(accounts, (7, 12)), is_held_out=True),
        Case("header-first-only-rules", (landings,), split(landings, (7, 12), has_header=False), SERIF),
        Case("header-first-only-ruled", (stock,), split(stock, (6, 13), has_header=False)),
        Case("header-first-only-open", (accounts,), split(accounts, (6, 12), has_header=False), SERIF, is_held_out=True),
    ]


def _continued_titles() -> list[Case]:
    prices = Whole("Table 7. Prices of fittings", ledger(4, GOODS, 12, ("Article", "Unit price", "Per dozen"), "decimal"), WIDTHS)
    rates = Whole("Rates by branch", ledger(5, PLACES, 11, ("Branch", "Spring", "Summer", "Autumn"), "percent"), FOUR, look="banded")
    return [
        Case("title-continued", (prices,), split(prices, (6, 12), title="Table 7. Prices of fittings (continued)"), SERIF),
        Case("title-contd", (rates,), split(rates, (6, 11), title="Rates by branch (cont\u2019d)")),
        Case(
            "title-continued-headless",
            (prices,),
            split(prices, (7, 12), title="Table 7 (continued)", has_header=False),
            is_held_out=True,
        ),
    ]


def _cut_rows() -> list[Case]:
    label = ("Provision for repairs that were", "ordered and not yet carried out")
    rows = [*ledger(6, ACCOUNTS, 10, YEARS, "signed")]
    rows[6] = data(" ".join(label), "1,318", "927")
    plain = Whole("Table 3. Balances", tuple(rows), WIDTHS)
    ruled = plain._replace(look="ruled")
    on_top = {"last": data(label[0], "1,318", "927"), "first": data(label[1], "", "")}
    below = {"last": data(label[0], "", ""), "first": data(label[1], "1,318", "927")}
    duties = Whole("Duties of the watch", tuple(_duties()), (110.0, 200.0), look="ruled", n_text_cols=2)
    return [
        Case("cut-label", (plain,), pages(plain, _cut(on_top)), SERIF),
        Case("cut-label-ruled", (ruled,), pages(ruled, _cut(on_top))),
        Case("cut-numbers-below", (plain,), pages(plain, _cut(below))),
        Case("cut-numbers-below-ruled", (ruled,), pages(ruled, _cut(below)), SERIF, is_held_out=True),
        Case("cut-text", (duties,), pages(duties, _cut_duties())),
        Case("cut-label-headless", (plain,), pages(plain, _cut(on_top, has_header=False)), is_held_out=True),
    ]


def _cut(halves: dict[str, Row], **more: Unpack[PartOptions]) -> list[Part]:
    return [Part(0, 0, 6, last=halves["last"]), Part(0, 5, 10, first=halves["first"], **more)]


def _duties() -> list[Row]:
    texts = [f"{task} before the first shift" for task in TASKS[:6]]
    rows = [head("Post", "Duty"), *(data(place, text) for place, text in zip(PLACES, texts, strict=False))]
    rows[4] = data(PLACES[3], "Test the alarm circuit, write the result down and tell the officer of the watch about every fault at once")
    return rows


def _cut_duties() -> list[Part]:
    first = data("", "and tell the officer of the watch about every fault at once")
    return [Part(0, 0, 4, last=data(PLACES[3], "Test the alarm circuit, write the result down")), Part(0, 3, 6, first=first)]


def _carried() -> list[Case]:
    rows = [*ledger(7, GOODS, 10, ("Item", "Debit", "Credit"))]
    rows[7:7] = [total("Carried forward", "31,402", "28,976")]
    book = Whole("Day book, March", tuple(rows), WIDTHS)
    again = (total("Brought forward", "31,402", "28,976"),)
    ruled = book._replace(look="ruled")
    return [
        Case("carried-forward", (book,), split(book, (7, 11), again=again), SERIF),
        Case("carried-forward-headless", (ruled,), split(ruled, (7, 11), again=again, has_header=False)),
        Case("carried-forward-ruled", (ruled,), split(ruled, (7, 11), again=again), SERIF, is_held_out=True),
    ]


def _long() -> list[Case]:
    towns = Whole("Table 2. Meters in service", ledger(8, PLACES, 23, ("Town", "Cold", "Warm")), WIDTHS)
    goods = Whole("Stock list", ledger(9, GOODS, 24, ("Item", "Rack", "Count")), WIDTHS, look="ruled")
    accounts = Whole("General ledger", ledger(10, ACCOUNTS, 21, YEARS, "signed"), WIDTHS, look="open")
    return [
        Case("three-pages", (towns,), split(towns, (6, 17, 23))),
        Case("four-pages-headless", (goods,), split(goods, (6, 13, 20, 24), has_header=False), SERIF),
        Case("five-pages", (accounts,), split(accounts, (5, 10, 15, 18, 21)), SERIF, is_held_out=True),
    ]


def _widths() -> list[Case]:
    landings = Whole("Table 5. Landings by harbor", ledger(11, PLACES, 11, ("Harbor", "Herring", "Cod", "Other")), FOUR)
    wider = (150.0, 60.0, 60.0, 60.0)
    return [
        Case("other-widths", (landings,), split(landings, (6, 11), widths=wider)),
        Case("other-widths-ruled", (landings._replace(look="ruled"),), split(landings, (6, 11), widths=wider), SERIF),
        Case("other-widths-continued", (landings,), split(landings, (5, 11), widths=(100.0, 60.0, 60.0, 60.0)), is_held_out=True),
    ]


def _furniture() -> list[Case]:
    note, last = Text("* Audited figures. Amounts in tons.", "note"), Text("(1) Including ballast water.", "note")
    landings = Whole("Landings by harbor", ledger(12, PLACES, 12, ("Harbor", "2023", "2022")), WIDTHS)

    def noted(**options: Unpack[PartOptions]) -> tuple[Sheet, ...]:
        first, second = split(landings, (6, 12), **options)
        return Sheet((*first.blocks, note), is_low=True), Sheet((*second.blocks[:-1], last, *second.blocks[-1:]))

    ruled = landings._replace(look="ruled")
    follow = split(ruled, (6, 12))
    said = Sheet((*follow[0].blocks, Text("Continued on the next page", "note")), is_low=True)
    return [
        Case("footnote-between", (landings,), noted()),
        Case("footnote-between-headless", (landings,), noted(has_header=False), SERIF, is_held_out=True),
        Case("says-continued-below", (ruled,), (said, *follow[1:])),
        Case("no-furniture", (ruled,), follow, SERIF, has_furniture=False),
    ]


def _sections() -> list[Case]:
    rows = [*ledger(13, ACCOUNTS, 11, YEARS, "signed")]
    rows[8:8] = [section("Long-term assets", 3)]
    rows[1:1] = [section("Current assets", 3)]
    plain = Whole("Table 4. Assets", tuple(rows), WIDTHS)
    ruled = plain._replace(look="ruled")
    again = (section("Current assets (continued)", 3),)
    return [
        Case("section-continued", (plain,), split(plain, (6, 13), again=again), SERIF),
        Case("section-continued-headless", (plain,), split(plain, (6, 13), again=again, has_header=False)),
        Case("section-begins-page", (ruled,), split(ruled, (8, 13))),
        Case("section-continued-ruled", (ruled,), split(ruled, (6, 13), again=again), is_held_out=True),
    ]


def _headings() -> list[Case]:
    top = head("", Cell("Domestic", col_span=2), Cell("Abroad", col_span=2))
    rows = (top, *ledger(14, GOODS, 11, ("Product", "2023", "2022", "2023", "2022")))
    five = (110.0, 52.0, 52.0, 52.0, 52.0)
    plain = Whole("Table 6. Sales", rows, five)
    ruled = plain._replace(look="ruled")
    return [
        Case("headings-two-rows", (plain,), split(plain, (6, 11)), SERIF),
        Case("headings-two-rows-ruled", (ruled,), split(ruled, (6, 11))),
        Case("headings-two-rows-headless", (plain,), split(plain, (6, 11), has_header=False), is_held_out=True),
    ]


def _turned() -> list[Case]:
    landings = Whole("Table 8. Landings by harbor", ledger(15, PLACES, 12, ("Harbor", "2023", "2022")), WIDTHS)
    wide = (200.0, 100.0, 100.0)
    first, second = split(landings, (6, 12))
    _, wider = split(landings, (6, 12), widths=wide)
    _, headless = split(landings, (6, 12), widths=wide, has_header=False)
    return [
        Case("landscape-next", (landings,), (first, wider._replace(size=LANDSCAPE))),
        Case("landscape-next-headless", (landings,), (first, headless._replace(size=LANDSCAPE)), SERIF, is_held_out=True),
        Case("blank-page-between", (landings,), (first, Sheet(()), second), SERIF),
    ]


def _scans() -> list[Case]:
    landings = Whole("Table 9. Landings by harbor", ledger(16, PLACES, 12, ("Harbor", "2023", "2022")), WIDTHS)
    stock = Whole("Stock on hand", ledger(17, GOODS, 12, ("Item", "Count", "Ordered")), WIDTHS, look="ruled")
    return [
        Case("scan", (landings,), split(landings, (6, 12)), SERIF, is_scanned=True),
        Case("scan-headless", (stock,), split(stock, (6, 12), has_header=False), is_scanned=True),
        Case("scan-open", (landings._replace(look="open"),), split(landings, (7, 12)), is_scanned=True, is_held_out=True),
    ]
