"""Looks at 64 bytes at a time, inside functions that numba compiles: one call is a few vector instructions.

A `mask` is a 64-bit word whose bit i stands for byte `at + i`. The caller guarantees that the bytes
[at, at + BLOCK) lie inside the array, and for the two functions that read numbers also the four bytes before
them; nothing is checked here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, cast

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

BLOCK: Final = 64

Value = Any  # of LLVM's intermediate language; neither llvmlite nor numba has annotations
_BYTE: Final = ir.IntType(8)
_WORD: Final = ir.IntType(16)
_BACKSLASH: Final = 92
_FIRST_LONG: Final = 80  # characters of a compressed string from here on say that their number continues


def _instructions(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let compiled functions call what `function` describes, by its arguments but the first."""
    return cast("Callable[..., Any]", intrinsic(function))


@_instructions
def between_mask(_: Any, data: Any, at: Any, low: Any, high: Any) -> Any:
    """between_mask(data, at, low, high): sets the bits of bytes in low..high."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Value:
        block = _load(context, builder, signature, arguments)
        low, high = (builder.trunc(bound, _BYTE) for bound in arguments[2:])
        above = builder.sub(block, _everywhere(builder, low))
        inside = builder.icmp_unsigned("<=", above, _everywhere(builder, builder.sub(high, low)))
        return builder.bitcast(inside, ir.IntType(BLOCK))

    return types.uint64(data, at, types.int64, types.int64), generate


@_instructions
def same_mask(_: Any, data: Any, at: Any, other: Any) -> Any:
    """same_mask(data, at, other): sets the bits of bytes from `at` on that equal those from `other` on."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Value:
        block = _load(context, builder, signature, arguments)
        other = _load(context, builder, signature, [arguments[0], arguments[2]])
        return builder.bitcast(builder.icmp_unsigned("==", block, other), ir.IntType(BLOCK))

    return types.uint64(data, types.int64, types.int64), generate


@_instructions
def lowest_bit(_: Any, mask: Any) -> Any:
    """lowest_bit(mask): the index of the lowest bit that is set; 64 if none is."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Value:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), generate


@_instructions
def highest_bit(_: Any, mask: Any) -> Any:
    """highest_bit(mask): the index of the highest bit that is set; the mask is not 0."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Value:
        above = builder.ctlz(arguments[0], ir.Constant(ir.IntType(1), 0))
        return builder.sub(ir.Constant(above.type, BLOCK - 1), above)

    return types.int64(types.uint64), generate


@_instructions
def read_string_numbers(_: Any, data: Any, at: Any, numbers: Any) -> Any:
    """read_string_numbers(data, at, numbers): the numbers of a compressed string of run lengths.

    numbers[i], of the int16 [64], becomes the number whose last character is byte at + i, if that number has
    at most three characters (five bits each, the lowest first, the highest bit of the last being the sign).
    The backslash, which JSON writes twice, is understood as first of two characters.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Value:
        last, second, third = (_load(context, builder, signature, arguments, back) for back in range(3))
        goes_on = _all(_BYTE, _FIRST_LONG)
        two = builder.icmp_unsigned(">=", second, goes_on)
        three = builder.and_(two, builder.icmp_unsigned(">=", third, goes_on))
        three = builder.and_(three, builder.icmp_unsigned("!=", second, _all(_BYTE, _BACKSLASH)))
        bits = [_five_bits(builder, block) for block in (last, second, third)]
        number = _join(builder, bits[:1])
        number = builder.select(two, _join(builder, bits[:2]), number)
        number = builder.select(three, _join(builder, bits), number)
        return _store(context, builder, signature, arguments, number)

    return types.void(data, at, numbers), generate


@_instructions
def read_list_numbers(_: Any, data: Any, at: Any, numbers: Any) -> Any:
    """read_list_numbers(data, at, numbers): the numbers of a list of decimal integers.

    numbers[i], of the int16 [64], becomes the number whose last digit is byte at + i - 1, of which the last
    four digits are taken.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Value:
        number = _all(_WORD, 0)
        counts = None
        for digits, factor in enumerate((1, 10, 100, 1000)):
            block = _load(context, builder, signature, arguments, digits + 1)
            digit = builder.sub(block, _all(_BYTE, ord("0")))
            is_digit = builder.icmp_unsigned("<=", digit, _all(_BYTE, 9))
            counts = is_digit if counts is None else builder.and_(counts, is_digit)
            digit = builder.zext(builder.select(counts, digit, _all(_BYTE, 0)), number.type)
            number = builder.add(number, builder.mul(digit, _all(_WORD, factor)))
        return _store(context, builder, signature, arguments, number)

    return types.void(data, at, numbers), generate


def _all(element: ir.IntType, value: int) -> Value:
    return ir.Constant(ir.VectorType(element, BLOCK), [value] * BLOCK)


def _everywhere(builder: Any, value: Value) -> Value:
    nothing = ir.Constant(ir.VectorType(value.type, BLOCK), ir.Undefined)
    first = builder.insert_element(nothing, value, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(first, nothing, _all(ir.IntType(32), 0))


def _load(context: Any, builder: Any, signature: Any, arguments: Any, back: int = 0) -> Value:
    """Return the 64 bytes that begin `back` bytes before the index `at` of the array."""
    array = context.make_array(signature.args[0])(context, builder, arguments[0])
    begin = builder.gep(array.data, [builder.sub(arguments[1], ir.Constant(arguments[1].type, back))])
    block = builder.load(builder.bitcast(begin, ir.VectorType(_BYTE, BLOCK).as_pointer()))
    block.align = 1
    return block


def _store(context: Any, builder: Any, signature: Any, arguments: Any, numbers: Value) -> Value:
    array = context.make_array(signature.args[2])(context, builder, arguments[2])
    builder.store(numbers, builder.bitcast(array.data, numbers.type.as_pointer()), align=2)
    return context.get_dummy_value()


def _five_bits(builder: Any, block: Value) -> Value:
    """Return the lowest five bits of each character's distance from '0', as words."""
    bits = builder.and_(builder.xor(block, _all(_BYTE, 16)), _all(_BYTE, 31))
    return builder.zext(bits, ir.VectorType(_WORD, BLOCK))


def _join(builder: Any, bits: list[Value]) -> Value:
    """Join groups of five bits, the highest first, to numbers with a sign."""
    number = bits[0]
    for lower in bits[1:]:
        number = builder.or_(builder.shl(number, _all(_WORD, 5)), lower)
    unused = _all(_WORD, 16 - 5 * len(bits))
    return builder.ashr(builder.shl(number, unused), unused)
