"""The sample schema `data/samples/schemas/annual_report.json` as Pydantic classes."""

from datetime import date

from pydantic import BaseModel, Field


class Segment(BaseModel):
    name: str = Field(description="Name of the segment")
    revenue: float | None = Field(None, description="Its net revenue of the fiscal year, in thousands")


class Property(BaseModel):
    location: str = Field(description="Town, with the state if it is printed")
    area: float | None = Field(None, description="Area in square feet")
    owned: bool | None = Field(None, description="True if owned, false if leased")


class AnnualReport(BaseModel):
    company_name: str = Field(description="Legal name of the company that publishes the report")
    fiscal_year: int = Field(description="Fiscal year that the report is about", ge=1900)
    year_end: date | None = Field(None, description="Date on which the fiscal year ended")
    net_revenue: float = Field(description="Total net revenue of the fiscal year as the income statement prints it, in thousands")
    operating_income: float = Field(description="Operating income of the fiscal year as the income statement prints it, in thousands")
    employees: int | None = Field(None, description="Employees at year end")
    segments: list[Segment] = Field([], description="The segments that the company reports")
    properties: list[Property] = Field([], description="The principal properties, one item each")
