"""Requests keep their order: pages between markers, instruction last, the same prefix for every question."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline import prompt
from pipeline.prompt import Served
from schemas.batch import Batch, PageImage, Segment
from schemas.message import ImagePart, TextPart
from schemas.settings import Question

SERVED = Served("m", "mupdf", 1000)


def batch(filename: str = "a.pdf") -> Batch:
    images = tuple(PageImage(doc_id="a", page_no=page, width=28, height=28, tokens=1, dpi=72) for page in (1, 2))
    other = PageImage(doc_id="b", page_no=1, width=28, height=28, tokens=1, dpi=72)
    return Batch(
        batch_id="x",
        segments=(Segment(doc_id="a", filename=filename, images=images), Segment(doc_id="b", filename="b.pdf", images=(other,))),
    )


def test_every_image_stands_between_its_markers() -> None:
    parts = prompt.survey(SERVED, batch()).parts
    for number, part in enumerate(parts):
        if isinstance(part, ImagePart):
            before, after = parts[number - 1], parts[number + 1]
            assert isinstance(before, TextPart)
            assert isinstance(after, TextPart)
            assert after.text == before.text.replace("[", "[/")


def test_survey_and_questions_share_everything_but_the_last_part() -> None:
    survey = prompt.survey(SERVED, batch())
    first, second = (prompt.answer(SERVED, batch(), Question(id=q, question=q), thinking=False) for q in ("why?", "when?"))
    assert survey.system == first.system
    assert survey.parts[:-1] == first.parts[:-1] == second.parts[:-1]
    assert first.request_id != second.request_id


def test_the_id_depends_on_what_is_asked_and_not_on_bookkeeping() -> None:
    request = prompt.survey(SERVED, batch())
    assert request.request_id == request.model_copy(update={"batch_id": "y"}).request_id
    assert request.request_id != request.model_copy(update={"rasterizer": "mupdf-2"}).request_id


@given(st.text(max_size=200))
def test_no_file_name_makes_a_marker_or_an_instruction(name: str) -> None:
    label = prompt.survey(SERVED, batch(name)).parts[0]
    assert isinstance(label, TextPart)
    assert label.text.startswith("[doc 1: ")
    assert label.text.count("[") == label.text.count("]") == 1
    assert "\n" not in label.text


@given(st.text(max_size=500))
def test_a_question_is_one_line(text: str) -> None:
    last = prompt.answer(SERVED, batch(), Question(id="q", question=text), thinking=False).parts[-1]
    assert isinstance(last, TextPart)
    assert last.text.count("\nQuestion: ") == 1
    assert last.text.rpartition("Question: ")[2] == " ".join(text.split())
