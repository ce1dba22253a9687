"""Questions about the two annual reports, alone and together."""

from data.generator.northwind.amounts import facts
from data.generator.questions.ask import Proof, Question

THIS = "northwind-annual-report-2023.pdf"
LAST = "northwind-annual-report-2022.pdf"
BOTH = ("northwind-annual-report-*.pdf",)


def northwind_questions() -> tuple[Question, ...]:
    """Look-ups in one report, questions that need both, and some that neither answers."""
    return (*_from_tables(), *_from_text(), *_from_charts(), *_joint(), *_unanswerable())


def _this(*phrases: str) -> Proof:
    return Proof(THIS, phrases)


def _last(*phrases: str) -> Proof:
    return Proof(LAST, phrases)


def _from_tables() -> tuple[Question, ...]:
    fact = facts()
    revenue = f"${fact['revenue_2023_m']}"
    return (
        Question(
            "revenue-2023",
            "What was Northwind's net revenue in 2023?",
            "currency",
            f"{revenue} million",
            (THIS,),
            (_this("Total net revenue", fact["revenue_2023"]), _this("Net revenue", fact["revenue_2023_m"])),
        ),
        Question(
            "goodwill-2022",
            "How much goodwill did the company carry at the end of 2022?",
            "currency",
            f"${fact['goodwill_2022']} thousand",
            (THIS,),
            (_this("Goodwill", fact["goodwill_2022"]),),
        ),
        Question(
            "inventories-2023",
            "What were inventories at December 31, 2023?",
            "currency",
            f"${fact['inventories_2023']} thousand",
            (THIS,),
            (_this("Inventories", fact["inventories_2023"]), _this("Inventories", f"${fact['inventories_2023_m']} million")),
        ),
        Question(
            "marine-income-2022",
            "How much operating income did Marine Systems earn in 2022?",
            "currency",
            f"${fact['marine_income_2022']} thousand",
            (THIS,),
            (_this("Marine Systems", fact["marine_income_2022"]),),
        ),
        Question(
            "investments-2022",
            "What were the company's short-term investments worth at the end of 2022?",
            "currency",
            f"${fact['short_investments_2022']} thousand",
            (THIS,),
            (_this("Short-term investments", fact["short_investments_2022"]),),
        ),
        Question(
            "diluted-eps-2023",
            "What were diluted earnings per share in 2023?",
            "currency",
            f"${fact['diluted_2023']}",
            (THIS,),
            (_this("Diluted", f"${fact['diluted_2023']}"),),
        ),
        Question(
            "europe-share-2023",
            "What share of 2023 revenue came from customers in Europe?",
            "percent",
            "27.0%",
            (THIS,),
            (_this("Europe", fact["europe_2023_m"], "27.0%"),),
        ),
        Question(
            "monterrey-area",
            "How large is the property in Monterrey, in square feet?",
            "number",
            "176,400",
            (THIS,),
            (_this("Monterrey", "176,400"),),
        ),
        Question(
            "namibia-tenure",
            "Does Northwind own or lease its service center in Walvis Bay?",
            "text",
            "Leased",
            (THIS,),
            (_this("Walvis Bay", "Leased"),),
        ),
        Question(
            "suzhou-ownership",
            "What percentage of Suzhou Northwind Instruments does the company own?",
            "percent",
            "65%",
            (THIS,),
            (_this("Suzhou Northwind Instruments Co., Ltd.", "65%"),),
        ),
        Question(
            "series-b-maturity",
            "When do the Series B senior notes mature?",
            "date",
            "March 2031",
            (THIS,),
            (_this("Senior notes, Series B", "March 2031"),),
        ),
        Question(
            "audit-members",
            "Which directors sit on the audit committee?",
            "list",
            "Marguerite Lavoie; Priya Venkataraman; Helena Duarte",
            (THIS,),
            (_this("Board of directors", "Audit (chair)"),),
        ),
        Question(
            "restructuring-2023",
            "Were there any restructuring charges in 2023?",
            "boolean",
            "no",
            (THIS,),
            (_this("no restructuring charges in 2023"), _this("Restructuring charges (1)", fact["restructuring_2022"])),
        ),
        Question(
            "tax-rate-2022",
            "What was the effective tax rate in 2022?",
            "percent",
            fact["tax_rate_2022"],
            (LAST,),
            (_last("Effective tax rate", fact["tax_rate_2022"]),),
        ),
    )


def _from_text() -> tuple[Question, ...]:
    return (
        Question(
            "patents-2023",
            "How many patents did Northwind hold at the end of 2023?",
            "number",
            "612",
            (THIS,),
            (_this("612 patents in force"),),
        ),
        Question(
            "auditor",
            "Who audited the 2023 financial statements?",
            "text",
            "Harcourt & Nye LLP",
            (THIS,),
            (_this("Harcourt & Nye LLP"),),
        ),
        Question(
            "halvorsen-date",
            "On what date did Northwind complete the acquisition of Halvorsen Oceanics?",
            "date",
            "April 3, 2023",
            (THIS,),
            (_this("April 3, 2023", "Halvorsen"),),
            states_kind=True,
        ),
        Question(
            "annual-meeting",
            "Where will the annual meeting be held?",
            "text",
            "Great Lakes Aquarium in Duluth",
            (THIS,),
            (_this("Great Lakes Aquarium"),),
        ),
        Question(
            "renewable-share",
            "What share of the electricity used in 2023 was renewable?",
            "percent",
            "58%",
            (THIS,),
            (_this("renewable sources covered 58%"),),
        ),
        Question(
            "credit-facility",
            "Had Northwind drawn on its revolving credit facility at the end of 2023?",
            "boolean",
            "no",
            (THIS,),
            (_this("was undrawn"), _this("Revolving credit facility", "Long-term debt")),
        ),
        Question(
            "bremen-employees",
            "How many employees received severance when the Bremen plant closed?",
            "number",
            "94",
            BOTH,
            (_this("severance of 94 employees"), _last("severance of 94 employees")),
        ),
        Question(
            "ceo",
            "Who is the chief executive officer of Northwind?",
            "text",
            "Daniel R. Okafor",
            (),
            (_this("Daniel R. Okafor", "chief executive officer"), _last("Daniel R. Okafor", "chief executive officer")),
        ),
    )


def _from_charts() -> tuple[Question, ...]:
    fact = facts()
    return (
        Question(
            "revenue-2020-chart",
            "According to the chart of net revenue, how much did the company sell in 2020?",
            "currency",
            f"${fact['revenue_2020_m']} million",
            (THIS,),
            (_this("Net revenue ($ millions)", fact["revenue_2020_m"]),),
        ),
        Question(
            "quarter-2022-chart",
            "About how high was net revenue in the third quarter of 2022?",
            "currency",
            "$248.1 million",
            (LAST,),
            (_last("Net revenue by quarter", "Q3"), _last("September 30", "248,052")),
        ),
    )


def _joint() -> tuple[Question, ...]:
    fact = facts()
    return (
        Question(
            "marine-better-year",
            "In which year, 2021 or 2023, did Marine Systems have the higher revenue?",
            "text",
            "2023",
            BOTH,
            (_this("Marine Systems", fact["marine_2023"]), _last("Marine Systems", fact["marine_2021"])),
        ),
        Question(
            "operating-cash-change",
            "By how much did cash from operating activities change from 2021 to 2023?",
            "currency",
            "$57,979 thousand",
            BOTH,
            (
                _this("Net cash provided by operating activities", fact["flow_operating_2023"]),
                _last("Net cash provided by operating activities", fact["flow_operating_2021"]),
            ),
        ),
        Question(
            "revenue-growth",
            "By what percentage did net revenue grow from 2022 to 2023?",
            "percent",
            fact["revenue_2023_growth"],
            BOTH,
            (
                _this("Total net revenue", fact["revenue_2023"]),
                _this("Net revenue", fact["revenue_2023_m"], fact["revenue_2023_growth"]),
                _last("Total net revenue", fact["revenue_2022"]),
            ),
        ),
        Question(
            "patents-difference",
            "How many more patents were in force at the end of 2023 than at the end of 2022?",
            "number",
            "25",
            BOTH,
            (_this("612 patents in force"), _last("587 patents in force")),
        ),
        Question(
            "emissions-lower",
            "Did carbon dioxide emissions fall from 2022 to 2023?",
            "boolean",
            "yes",
            BOTH,
            (_this("emitted 21,600 metric tons"), _last("emitted 23,500 metric tons")),
        ),
    )


def _unanswerable() -> tuple[Question, ...]:
    return (
        Question("revenue-africa", "What was Northwind's net revenue in Africa in 2023?", "none", "", (THIS,)),
        Question("ceo-salary", "What was the chief executive's base salary in 2023?", "none", "", BOTH),
        Question("revenue-2018", "What was net revenue in 2018?", "none", "", BOTH),
    )
