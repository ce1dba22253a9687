"""The company's books: every line item of four years, derived so that the statements agree with each other.

Amounts are thousands of US dollars. Each line is a `Line`: the values of 2020, 2021, 2022 and 2023.
"""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import TypeAlias

Line: TypeAlias = tuple[int, int, int, int]

YEARS = (2020, 2021, 2022, 2023)

SEGMENTS: Mapping[str, Line] = MappingProxyType(
    {
        "flow": (381_654, 402_318, 431_906, 468_275),
        "environmental": (214_980, 238_744, 262_180, 311_492),
        "marine": (196_412, 187_630, 179_455, 201_844),
        "services": (84_307, 96_215, 114_037, 138_926),
    }
)
SEGMENT_INCOME: Mapping[str, Line] = MappingProxyType(
    {
        "flow_income": (69_118, 74_206, 78_944, 88_310),
        "environmental_income": (35_402, 41_870, 47_215, 62_904),
        "marine_income": (31_266, 28_115, 22_037, 27_468),
        "services_income": (17_885, 21_904, 27_312, 36_115),
    }
)
REGIONS: Mapping[str, Line] = MappingProxyType(
    {
        "north_america": (455_102, 478_210, 512_340, 571_806),
        "europe": (233_874, 246_118, 255_904, 302_471),
        "asia_pacific": (131_560, 141_236, 158_110, 177_305),
    }
)
COSTS: Mapping[str, Line] = MappingProxyType(
    {
        "cost_products": (456_310, 478_206, 506_113, 562_340),
        "cost_services": (47_206, 52_918, 61_207, 72_655),
        "research": (66_415, 71_940, 78_315, 91_208),
        "selling": (160_248, 168_422, 176_530, 193_861),
        "amortization": (12_940, 12_306, 12_118, 14_960),
        "restructuring": (0, 0, 8_745, 0),
        "interest_expense": (10_204, 9_412, 11_086, 15_724),
        "interest_income": (1_022, 612, 1_905, 4_338),
        "other_net": (-684, 1_204, -2_317, 856),
        "tax": (28_615, 30_714, 29_538, 38_507),
    }
)
BALANCE: Mapping[str, Line] = MappingProxyType(
    {
        "short_investments": (20_000, 25_000, 18_500, 32_000),
        "receivables": (148_220, 156_904, 171_388, 189_742),
        "inventories": (132_415, 141_876, 168_230, 159_617),
        "prepaid": (18_340, 19_215, 22_786, 24_190),
        "property": (214_600, 226_318, 241_907, 263_455),
        "lease_assets": (38_912, 41_027, 39_644, 46_310),
        "goodwill": (286_500, 286_500, 291_214, 334_870),
        "intangibles": (98_420, 86_114, 78_903, 96_411),
        "other_assets": (21_870, 23_406, 24_512, 26_038),
        "current_debt": (15_000, 15_000, 20_000, 25_000),
        "payables": (71_204, 78_560, 86_914, 90_377),
        "accrued_pay": (44_118, 49_302, 46_870, 55_216),
        "deferred_revenue": (36_870, 41_255, 48_619, 57_940),
        "accrued_other": (29_415, 31_778, 36_204, 35_612),
        "long_debt": (265_000, 250_000, 272_000, 312_000),
        "lease_liabilities": (33_470, 35_216, 33_908, 39_575),
        "deferred_tax": (24_116, 23_580, 21_944, 25_308),
        "other_liabilities": (17_845, 18_302, 17_119, 18_744),
        "common_stock": (640, 640, 640, 640),
        "paid_in": (214_380, 226_915, 240_722, 256_108),
        "treasury": (-118_400, -138_900, -171_300, -196_800),
        "comprehensive": (-14_210, -16_845, -24_930, -21_376),
    }
)
OTHERS: Mapping[str, Line] = MappingProxyType(
    {
        "depreciation": (25_980, 27_410, 29_875, 32_640),
        "debt_repaid": (15_000, 15_000, 15_000, 20_000),
        "shares_basic": (62_904, 62_480, 62_115, 61_730),
        "shares_diluted": (63_611, 63_205, 62_770, 62_418),
        "employees": (3_795, 3_870, 3_942, 4_316),
        "dividend_cents": (80, 84, 92, 100),
    }
)
RETAINED_2020 = 412_000


def added(*lines: Line) -> Line:
    """The sum of lines, year by year."""
    first, second, third, fourth = (sum(values) for values in zip(*lines, strict=True))
    return first, second, third, fourth


def minus(line: Line) -> Line:
    """The line with its signs changed."""
    return -line[0], -line[1], -line[2], -line[3]


def change(line: Line) -> Line:
    """The increase over the year before; 0 for 2020, which has none."""
    return 0, line[1] - line[0], line[2] - line[1], line[3] - line[2]


@cache
def books() -> Mapping[str, Line]:
    """Every line by name, given and derived."""
    lines = {**SEGMENTS, **SEGMENT_INCOME, **REGIONS, **COSTS, **BALANCE, **OTHERS}
    for derive in (_income, _segments, _equity, _balance, _operations, _investing):
        lines |= derive(lines)
    return MappingProxyType(lines)


def _income(line: Mapping[str, Line]) -> dict[str, Line]:
    products = added(line["flow"], line["environmental"], line["marine"])
    revenue = added(products, line["services"])
    cost = added(line["cost_products"], line["cost_services"])
    gross = added(revenue, minus(cost))
    expenses = added(line["research"], line["selling"], line["amortization"], line["restructuring"])
    operating = added(gross, minus(expenses))
    pretax = added(operating, minus(line["interest_expense"]), line["interest_income"], line["other_net"])
    return {
        "products": products,
        "revenue": revenue,
        "cost": cost,
        "gross": gross,
        "expenses": expenses,
        "operating": operating,
        "pretax": pretax,
        "net_income": added(pretax, minus(line["tax"])),
    }


def _segments(line: Mapping[str, Line]) -> dict[str, Line]:
    known_regions = added(line["north_america"], line["europe"], line["asia_pacific"])
    known_income = added(*(line[name] for name in SEGMENT_INCOME))
    return {
        "rest_of_world": added(line["revenue"], minus(known_regions)),
        "corporate": added(line["operating"], minus(known_income)),
        "segment_income": known_income,
    }


def _equity(line: Mapping[str, Line]) -> dict[str, Line]:
    paid = [round(cents * shares / 100) for cents, shares in zip(line["dividend_cents"], line["shares_basic"], strict=True)]
    retained = [RETAINED_2020]
    for income, dividend in zip(line["net_income"][1:], paid[1:], strict=True):
        retained.append(retained[-1] + income - dividend)
    earned: Line = (retained[0], retained[1], retained[2], retained[3])
    parts = (line["common_stock"], line["paid_in"], earned, line["treasury"], line["comprehensive"])
    return {"dividends": (paid[0], paid[1], paid[2], paid[3]), "retained": earned, "equity": added(*parts)}


def _balance(line: Mapping[str, Line]) -> dict[str, Line]:
    due = ("current_debt", "payables", "accrued_pay", "deferred_revenue", "accrued_other")
    later = ("long_debt", "lease_liabilities", "deferred_tax", "other_liabilities")
    current = added(*(line[name] for name in due))
    liabilities = added(current, *(line[name] for name in later))
    claims = added(liabilities, line["equity"])
    current_but_cash = added(*(line[name] for name in ("short_investments", "receivables", "inventories", "prepaid")))
    fixed = added(*(line[name] for name in ("property", "lease_assets", "goodwill", "intangibles", "other_assets")))
    cash = added(claims, minus(current_but_cash), minus(fixed))
    return {
        "current_liabilities": current,
        "liabilities": liabilities,
        "claims": claims,
        "cash": cash,
        "current_assets": added(cash, current_but_cash),
        "assets": added(cash, current_but_cash, fixed),
    }


def _operations(line: Mapping[str, Line]) -> dict[str, Line]:
    others = added(line["accrued_other"], line["other_liabilities"], line["lease_liabilities"])
    flows = {
        "flow_stock_pay": change(line["paid_in"]),
        "flow_deferred_tax": change(line["deferred_tax"]),
        "flow_receivables": minus(change(line["receivables"])),
        "flow_inventories": minus(change(line["inventories"])),
        "flow_prepaid": minus(change(line["prepaid"])),
        "flow_payables": change(line["payables"]),
        "flow_accrued_pay": change(line["accrued_pay"]),
        "flow_deferred_revenue": change(line["deferred_revenue"]),
        "flow_other": change(added(others, minus(line["lease_assets"]), minus(line["other_assets"]))),
    }
    start = added(line["net_income"], line["depreciation"], line["amortization"])
    return {**flows, "flow_operating": added(start, *flows.values())}


def _investing(line: Mapping[str, Line]) -> dict[str, Line]:
    bought = added(change(line["goodwill"]), change(line["intangibles"]), line["amortization"])
    flows = {
        "flow_capital": minus(added(change(line["property"]), line["depreciation"])),
        "flow_acquired": minus(bought),
        "flow_investments": minus(change(line["short_investments"])),
    }
    repaid = minus(line["debt_repaid"])
    borrowed = added(change(line["current_debt"]), change(line["long_debt"]), line["debt_repaid"])
    financing = {
        "flow_borrowed": borrowed,
        "flow_repaid": repaid,
        "flow_dividends": minus(line["dividends"]),
        "flow_treasury": change(line["treasury"]),
    }
    return {
        **flows,
        **financing,
        "flow_investing": added(*flows.values()),
        "flow_financing": added(*financing.values()),
        "flow_exchange": change(line["comprehensive"]),
        "flow_cash": change(line["cash"]),
    }
