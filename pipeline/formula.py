"""Arithmetic of several steps over named operands, pure: "a / ((b + c) / 2)", parsed as data and never run as code."""

import ast
from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from schemas.errors import Incomputable

MOST_CHARACTERS = 200


class Sized(NamedTuple):
    """A value, and to what `power` it is in the unit of the operands: 1 for an amount, 0 for a pure number."""

    value: Decimal
    power: int = 1


def evaluate(formula: str, operands: Mapping[str, Decimal]) -> Sized:
    """Return what the formula gives: operands by their names, numbers, + - * / and parentheses.

    Raises:
        Incomputable: it is no such formula, names no operand, leaves one out, divides by zero, or adds unlike things.
    """
    if len(formula) > MOST_CHARACTERS:
        msg = f"the formula has {len(formula)} characters, more than {MOST_CHARACTERS}"
        raise Incomputable(msg)
    try:
        tree = ast.parse(formula.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        msg = f"{formula!r} is no formula of operands, + - * / and parentheses"
        raise Incomputable(msg) from error
    named = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    if named != set(operands):
        msg = f"the formula {formula!r} names {', '.join(sorted(named))}, and the operands are {', '.join(operands)}"
        raise Incomputable(msg)
    return _value(tree, operands)


def _value(node: ast.expr, operands: Mapping[str, Decimal]) -> Sized:
    match node:
        case ast.Name(id=name):
            return Sized(operands[name])
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return Sized(Decimal(repr(number)), 0)
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return (found := _value(inner, operands))._replace(value=-found.value)
        case ast.BinOp(left=left, op=operator, right=right):
            return _combined(operator, _value(left, operands), _value(right, operands))
    msg = f"{ast.unparse(node)} is not arithmetic of operands"
    raise Incomputable(msg)


def _combined(operator: ast.operator, left: Sized, right: Sized) -> Sized:
    match operator:
        case ast.Mult():
            return Sized(left.value * right.value, left.power + right.power)
        case ast.Div() if right.value:
            return Sized(left.value / right.value, left.power - right.power)
        case ast.Add() | ast.Sub() if left.power == right.power:
            return left._replace(value=left.value + (right.value if isinstance(operator, ast.Add) else -right.value))
    msg = "the formula divides by zero, adds an amount and a pure number, or uses more than + - * /"
    raise Incomputable(msg)
