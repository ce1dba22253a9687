"""Long tables of text: sites, subsidiaries, directors."""

from data.generator.tables import TableSpec, data, grand_total, head

SITES: tuple[tuple[str, str, str, int, str], ...] = (
    ("Duluth, Minnesota", "United States", "Headquarters, manufacturing", 412_000, "Owned"),
    ("Rochester, Minnesota", "United States", "Manufacturing", 268_500, "Owned"),
    ("Green Bay, Wisconsin", "United States", "Manufacturing", 194_200, "Owned"),
    ("Eau Claire, Wisconsin", "United States", "Warehouse", 121_000, "Leased"),
    ("Houston, Texas", "United States", "Service center", 46_300, "Leased"),
    ("Baton Rouge, Louisiana", "United States", "Service center", 28_750, "Leased"),
    ("Mobile, Alabama", "United States", "Service center", 22_400, "Leased"),
    ("Boulder, Colorado", "United States", "Research", 58_900, "Leased"),
    ("Corvallis, Oregon", "United States", "Research, manufacturing", 87_600, "Owned"),
    ("Groton, Connecticut", "United States", "Service center", 19_850, "Leased"),
    ("Norfolk, Virginia", "United States", "Service center", 31_200, "Leased"),
    ("Seattle, Washington", "United States", "Sales office", 9_400, "Leased"),
    ("San Diego, California", "United States", "Research", 24_100, "Leased"),
    ("Thunder Bay, Ontario", "Canada", "Manufacturing", 102_700, "Owned"),
    ("Halifax, Nova Scotia", "Canada", "Service center", 26_950, "Leased"),
    ("Calgary, Alberta", "Canada", "Sales office", 7_800, "Leased"),
    ("Monterrey", "Mexico", "Manufacturing", 176_400, "Leased"),
    ("Bergen", "Norway", "Manufacturing, research", 94_300, "Owned"),
    ("Stavanger", "Norway", "Service center", 33_600, "Leased"),
    ("Aberdeen", "United Kingdom", "Service center", 41_250, "Leased"),
    ("Southampton", "United Kingdom", "Research", 29_700, "Leased"),
    ("Hamburg", "Germany", "Sales office", 12_600, "Leased"),
    ("Karlsruhe", "Germany", "Manufacturing", 138_900, "Owned"),
    ("Delft", "Netherlands", "Research", 35_400, "Leased"),
    ("Rotterdam", "Netherlands", "Warehouse", 84_200, "Leased"),
    ("Brest", "France", "Service center", 18_300, "Leased"),
    ("Grenoble", "France", "Manufacturing", 67_500, "Leased"),
    ("Vigo", "Spain", "Service center", 21_100, "Leased"),
    ("Trieste", "Italy", "Sales office", 6_900, "Leased"),
    ("Gdynia", "Poland", "Manufacturing", 112_800, "Owned"),
    ("Singapore", "Singapore", "Regional headquarters", 38_700, "Leased"),
    ("Busan", "South Korea", "Service center", 24_600, "Leased"),
    ("Yokohama", "Japan", "Sales office, service center", 27_300, "Leased"),
    ("Suzhou", "China", "Manufacturing", 158_200, "Leased"),
    ("Chennai", "India", "Engineering center", 73_500, "Leased"),
    ("Perth", "Australia", "Service center", 30_800, "Leased"),
    ("Hobart", "Australia", "Research", 14_250, "Owned"),
    ("Santos", "Brazil", "Service center", 25_900, "Leased"),
    ("Valpara\u00edso", "Chile", "Sales office", 5_600, "Leased"),
    ("Dubai", "United Arab Emirates", "Service center", 36_100, "Leased"),
    ("Walvis Bay", "Namibia", "Service center", 11_700, "Leased"),
)
SUBSIDIARIES = (
    ("Northwind Flow Systems LLC", "Minnesota", "100%"),
    ("Northwind Environmental LLC", "Oregon", "100%"),
    ("Northwind Marine Systems, Inc.", "Connecticut", "100%"),
    ("Northwind Field Services, Inc.", "Texas", "100%"),
    ("Lakehead Gauge Company Ltd.", "Ontario", "100%"),
    ("Northwind Canada Holdings ULC", "Nova Scotia", "100%"),
    ("Instrumentos Northwind S. de R.L. de C.V.", "Mexico", "100%"),
    ("Halvorsen Oceanics AS", "Norway", "100%"),
    ("Northwind Norge AS", "Norway", "100%"),
    ("Northwind Instruments (UK) Limited", "England and Wales", "100%"),
    ("Grampian Offshore Metering Limited", "Scotland", "75%"),
    ("Northwind Messtechnik GmbH", "Germany", "100%"),
    ("Northwind Nederland B.V.", "Netherlands", "100%"),
    ("Northwind France S.A.S.", "France", "100%"),
    ("Hydrom\u00e9trie des Alpes S.A.S.", "France", "80%"),
    ("Northwind Iberia, S.L.", "Spain", "100%"),
    ("Northwind Italia S.r.l.", "Italy", "100%"),
    ("Northwind Polska Sp. z o.o.", "Poland", "100%"),
    ("Northwind Asia Pacific Pte. Ltd.", "Singapore", "100%"),
    ("Northwind Korea Co., Ltd.", "South Korea", "100%"),
    ("Northwind Japan K.K.", "Japan", "100%"),
    ("Suzhou Northwind Instruments Co., Ltd.", "China", "65%"),
    ("Northwind Engineering India Private Limited", "India", "100%"),
    ("Northwind Australia Pty Ltd", "Australia", "100%"),
    ("Northwind do Brasil Ltda.", "Brazil", "100%"),
    ("Northwind Chile SpA", "Chile", "100%"),
    ("Northwind Gulf FZE", "United Arab Emirates", "100%"),
    ("Northwind Namibia (Pty) Ltd", "Namibia", "60%"),
)
DIRECTORS = (
    ("Ingrid M. Solheim", "61", "2016", "Chair of the board", "Governance"),
    ("Daniel R. Okafor", "54", "2019", "President and chief executive officer", "\u2014"),
    ("Marguerite Lavoie", "58", "2014", "Retired chief financial officer, Boreal Rail", "Audit (chair)"),
    ("Thomas K. Brandt", "66", "2011", "Professor of fluid mechanics", "Technology (chair)"),
    ("Priya Venkataraman", "49", "2021", "Chief operating officer, Cascade Grid", "Audit, Technology"),
    ("Samuel J. Whitcomb", "63", "2017", "Retired rear admiral", "Compensation (chair)"),
    ("Helena Duarte", "56", "2020", "Partner, Alder Street Capital", "Audit, Compensation"),
    ("Kenji Morimoto", "52", "2023", "Chief technology officer, Tokai Robotics", "Technology"),
)


def sites() -> TableSpec:
    """Where the company works: fully ruled, long enough to cross a page, with the headings repeated."""
    area = sum(site[3] for site in SITES)
    rows = [
        head("Location", "Country", "Principal use", "Area (sq ft)", "Tenure"),
        *(data(place, country, use, f"{size:,}", tenure) for place, country, use, size, tenure in SITES),
        grand_total("Total", "", "", f"{area:,}", ""),
    ]
    return TableSpec(
        key="sites",
        title="Principal properties",
        rows=tuple(rows),
        widths=(130.0, 108.0, 140.0, 62.0, 52.0),
        look="ruled",
        n_text_cols=3,
    )


def subsidiaries() -> TableSpec:
    """The subsidiaries: crosses a page without repeating its headings."""
    rows = [head("Name", "Jurisdiction", "Ownership"), *(data(*line) for line in SUBSIDIARIES)]
    return TableSpec(
        key="subsidiaries",
        title="Subsidiaries of the registrant",
        rows=tuple(rows),
        widths=(260.0, 150.0, 70.0),
        n_text_cols=2,
        has_repeated_header=False,
        font_size=9.0,
    )


def directors() -> TableSpec:
    """The board: a table of text with wrapped cells."""
    rows = [
        head("Name", "Age", "Director since", "Principal occupation", "Committees"),
        *(data(*line) for line in DIRECTORS),
    ]
    return TableSpec(
        key="directors",
        title="Board of directors",
        rows=tuple(rows),
        widths=(112.0, 34.0, 60.0, 180.0, 106.0),
        n_text_cols=5,
        wrapped_cols=(0, 3, 4),
        look="rules",
    )
