"""Questions about the paper, the slides, the scan and the price list, and about the folder as a whole."""

from data.generator.questions.ask import Proof, Question

PAPER = "tide-gauge-paper.pdf"
SLIDES = "product-review-slides.pdf"
SCAN = "inspection-scan.pdf"
PRICES = "price-list.png"
LAST_REPORT = "northwind-annual-report-2022.pdf"
REPORT = "northwind-annual-report-2023.pdf"


def other_questions() -> tuple[Question, ...]:
    """All of them."""
    return (*_paper(), *_slides(), *_scan(), *_prices(), *_folder())


def _one(document: str, *phrases: str) -> tuple[Proof, ...]:
    return (Proof(document, phrases),)


def _paper() -> tuple[Question, ...]:
    return (
        Question(
            "tidal-range-skarvoy",
            "What is the tidal range at Skarvoy in meters?",
            "number",
            "2.95",
            (PAPER,),
            _one(PAPER, "Skarvoy", "2.95"),
        ),
        Question(
            "drift-ytre-holm",
            "How fast did the 26 GHz radar at Ytre Holm drift, in millimeters per year?",
            "number",
            "-1.37",
            (PAPER,),
            _one(PAPER, "Ytre Holm", "\u22121.37"),
        ),
        Question(
            "cleaning-effect",
            "How much of the accumulated bias disappeared when the antennas were cleaned?",
            "percent",
            "71%",
            (PAPER,),
            _one(PAPER, "71%"),
        ),
        Question(
            "paper-sensors",
            "Which kinds of sensors were compared besides the 26 GHz radars?",
            "list",
            "80 GHz radar; pressure sensor; stilling well",
            (PAPER,),
            _one(PAPER, "pressure sensor", "stilling well", "80 GHz"),
        ),
        Question("drift-well", "Did the stilling wells drift?", "boolean", "no", (PAPER,), _one(PAPER, "stilling wells showed no drift")),
        Question("paper-funding", "How many euros did the experiment cost?", "none", "", (PAPER,)),
    )


def _slides() -> tuple[Question, ...]:
    return (
        Question(
            "orders-series-9",
            "How high were orders for Series 9 in 2023?",
            "currency",
            "$77.9 million",
            (SLIDES,),
            _one(SLIDES, "Orders received in 2023", "77.9"),
        ),
        Question(
            "shipments-q4",
            "About how many Kestrel 200 units were shipped in the fourth quarter of 2023?",
            "number",
            "16,850",
            (SLIDES,),
            _one(SLIDES, "Units shipped per quarter"),
        ),
        Question(
            "chemicals-share",
            "What share of the installed base is in the chemical industry?",
            "percent",
            "23.5%",
            (SLIDES,),
            _one(SLIDES, "Installed base by industry"),
        ),
        Question(
            "main-call-reason",
            "What do customers call support about most often?",
            "text",
            "Configuration",
            (SLIDES,),
            _one(SLIDES, "Support calls by reason"),
        ),
        Question(
            "buoy-launch",
            "When will the Kestrel Buoy be launched?",
            "date",
            "October 2024",
            (SLIDES,),
            _one(SLIDES, "Kestrel Buoy", "October 2024"),
        ),
        Question(
            "mini-cost", "What does one Kestrel Mini cost to make?", "currency", "$96", (SLIDES,), _one(SLIDES, "Kestrel Mini", "96", "259")
        ),
        Question(
            "delayed-products",
            "Which products on the road map are delayed?",
            "list",
            "Kestrel Buoy; Kestrel Mini",
            (SLIDES,),
            (Proof(SLIDES, ("Kestrel Buoy", "Delayed")), Proof(SLIDES, ("Two launches moved",))),
        ),
        Question("market-share", "What is Northwind's market share in level sensors?", "none", "", (SLIDES,)),
    )


def _scan() -> tuple[Question, ...]:
    return (
        Question("inspector", "Who inspected the berths?", "text", "Walter J. Pruitt, P.E.", (SCAN,), _one(SCAN, "Walter J. Pruitt")),
        Question(
            "greatest-loss",
            "What is the largest loss of steel that was measured, in percent?",
            "percent",
            "30.9%",
            (SCAN,),
            _one(SCAN, "30.9"),
            states_kind=True,
        ),
        Question(
            "repair-sum", "What would all the proposed repairs cost together?", "currency", "$492,400", (SCAN,), _one(SCAN, "492,400")
        ),
        Question(
            "next-inspection", "When is the next regular inspection due?", "date", "September 2026", (SCAN,), _one(SCAN, "September 2026")
        ),
        Question(
            "fender-rating",
            "Which condition rating did the fenders of berth 7 get?",
            "number",
            "5",
            (SCAN,),
            _one(SCAN, "Fenders", "Condition rating"),
        ),
        Question("berth-8", "What condition is the deck of berth 8 in?", "none", "", (SCAN,)),
    )


def _prices() -> tuple[Question, ...]:
    return (
        Question(
            "price-aq-100",
            "What is the unit price of 20 Aqua meters DN 100?",
            "currency",
            "$1,600.00",
            (PRICES,),
            _one(PRICES, "AQ-100", "1,600.00"),
        ),
        Question(
            "warranty",
            "How many months of warranty do the instruments have?",
            "number",
            "36",
            (PRICES,),
            _one(PRICES, "warranty of 36 months"),
        ),
    )


def _folder() -> tuple[Question, ...]:
    return (
        Question(
            "kestrel-200-price",
            "What is the list price of a single Kestrel 200 with 80 GHz?",
            "currency",
            "$780.00",
            (),
            _one(PRICES, "K200-80", "780.00"),
        ),
        Question(
            "leveling-interval",
            "How often does the tide gauge study recommend leveling 26 GHz gauges?",
            "text",
            "at least twice a year",
            (),
            _one(PAPER, "at least twice a year"),
        ),
        Question(
            "employees-both",
            "At the end of which year did Northwind have more employees, 2022 or 2023?",
            "text",
            "2023",
            (LAST_REPORT, REPORT),
            (Proof(REPORT, ("4,316", "employ")), Proof(LAST_REPORT, ("3,942", "employ"))),
        ),
        Question("share-price", "What was Northwind's share price on June 30, 2023?", "none", ""),
    )
