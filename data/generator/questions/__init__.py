"""The questions asked of the samples, with their answers and the pages that prove them."""

from data.generator.questions.ask import Question, answer_truths, questions_yaml
from data.generator.questions.northwind import northwind_questions
from data.generator.questions.others import other_questions

__all__ = ["all_questions", "answer_truths", "questions_yaml"]


def all_questions() -> tuple[Question, ...]:
    """Every question, in the order of the file."""
    return (*northwind_questions(), *other_questions())
