"""Eight machine words at once: a value of compiled code, held in the wide registers that the processor has.

`a & b`, `a | b` and `a ^ b` work on all 512 bits. For loops over words of several arrays the compiler must first make
sure that none overlaps another, and keeps what comes between in memory, which costs several times the work itself.

References
----------
Wellons (2018), "Prospecting for hash functions" (lowbias32, the mixer of `stirred`).
"""

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, lower_builtin, models, register_model, type_callable

WIDE = 8  # words
HALF_GAMMA = 0x9E3779B9  # odd, from the golden ratio
_intrinsic: Any = intrinsic  # what it makes is called with fewer arguments than written
_WORD, _HALF = ir.IntType(64), ir.IntType(32)
_WIDE, _HALVES = ir.VectorType(_WORD, WIDE), ir.VectorType(_HALF, 2 * WIDE)


class Wide(types.Type):
    """The type of eight words."""

    def __init__(self) -> None:
        super().__init__(name="Wide")


wide = Wide()


@register_model(Wide)
class _WideModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _WIDE)  # type: ignore[no-untyped-call]


def _operate(operation: Any, emit: Callable[[Any, Any, Any], Any]) -> None:
    """Let an operation take eight words on either side."""

    @type_callable(operation)
    def typed(context: Any) -> Any:
        return lambda a, b: wide if (a, b) == (wide, wide) else None

    @lower_builtin(operation, wide, wide)  # type: ignore[untyped-decorator, no-untyped-call]
    def lower(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return emit(builder, *arguments)


for _operation in (operator.and_, operator.iand):
    _operate(_operation, lambda builder, a, b: builder.and_(a, b))
for _operation in (operator.or_, operator.ior):
    _operate(_operation, lambda builder, a, b: builder.or_(a, b))
for _operation in (operator.xor, operator.ixor):
    _operate(_operation, lambda builder, a, b: builder.xor(a, b))


def _same(builder: Any, one: Any, vector: Any) -> Any:
    """Return a vector of a number again and again."""
    first = builder.insert_element(ir.Constant(vector, ir.Undefined), one, ir.Constant(_HALF, 0))
    zeros = ir.Constant(ir.VectorType(_HALF, vector.count), None)
    return builder.shuffle_vector(first, ir.Constant(vector, ir.Undefined), zeros)


def _at(context: Any, builder: Any, kind: Any, words: Any, at: Any) -> Any:
    """Return where the eight words of an array begin that start with word `at`."""
    data = context.make_array(kind)(context, builder, words).data
    return builder.bitcast(builder.gep(data, [at]), _WIDE.as_pointer())


def _call(builder: Any, name: str, result: Any, *arguments: Any) -> Any:
    """Call a function that the compiler itself provides."""
    kind = ir.FunctionType(result, [a.type for a in arguments])
    found: Any = cgutils.get_or_insert_function
    return builder.call(found(builder.module, kind, name), arguments)


@_intrinsic  # type: ignore[untyped-decorator]
def load(typing_context: Any, words: Any, at: Any) -> Any:
    """Return words at, at + 1, …, at + 7 of an array."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load(_at(context, builder, signature.args[0], *arguments), align=8)

    return wide(words, types.uint64), generate


@_intrinsic  # type: ignore[untyped-decorator]
def store(typing_context: Any, words: Any, at: Any, value: Any) -> Any:
    """Write words at, at + 1, …, at + 7 of an array."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        words, at, value = arguments
        builder.store(value, _at(context, builder, signature.args[0], words, at), align=8)
        return context.get_dummy_value()

    return types.void(words, types.uint64, wide), generate


@_intrinsic  # type: ignore[untyped-decorator]
def spread(typing_context: Any, word: Any) -> Any:
    """Return a word eight times."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _same(builder, arguments[0], _WIDE)

    return wide(types.uint64), generate


@_intrinsic  # type: ignore[untyped-decorator]
def any_of(typing_context: Any, value: Any) -> Any:
    """Return the union of eight words: 0 if no bit is set."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _call(builder, f"llvm.vector.reduce.or.v{WIDE}i64", _WORD, arguments[0])

    return types.uint64(wide), generate


@_intrinsic  # type: ignore[untyped-decorator]
def count_on(typing_context: Any, counts: Any, value: Any) -> Any:
    """Return eight numbers, each greater by how many bits of its word of `value` are set."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.add(arguments[0], _call(builder, f"llvm.ctpop.v{WIDE}i64", _WIDE, arguments[1]))

    return wide(wide, wide), generate


@_intrinsic  # type: ignore[untyped-decorator]
def stirred(typing_context: Any, root: Any, counter: Any) -> Any:
    """Return 512 bits of luck: half-words counter, counter + 1, …, counter + 15 of what follows from a root.

    Half-word c is lowbias32 of ``low + c·γ``, `high` being added between its two multiplications, where low and high
    are the halves of the root. A multiplication of halves is several times as quick as one of words.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        root, counter = arguments
        gamma = ir.Constant(_HALF, HALF_GAMMA)
        low, high = builder.trunc(root, _HALF), builder.trunc(builder.lshr(root, ir.Constant(_WORD, 32)), _HALF)
        first = builder.add(low, builder.mul(builder.trunc(counter, _HALF), gamma))
        steps = ir.Constant(_HALVES, [i * HALF_GAMMA % 2**32 for i in range(2 * WIDE)])

        def fold(x: Any, shift: int) -> Any:
            return builder.xor(x, builder.lshr(x, ir.Constant(_HALVES, [shift] * 2 * WIDE)))

        x = fold(builder.add(_same(builder, first, _HALVES), steps), 16)
        x = fold(builder.mul(x, ir.Constant(_HALVES, [0x7FEB352D] * 2 * WIDE)), 15)
        x = builder.add(x, _same(builder, high, _HALVES))
        x = fold(builder.mul(x, ir.Constant(_HALVES, [0x846CA68B] * 2 * WIDE)), 16)
        return builder.bitcast(x, _WIDE)

    return wide(types.uint64, types.uint64), generate


@_intrinsic  # type: ignore[untyped-decorator]
def ones(typing_context: Any, word: Any) -> Any:
    """Return how many bits of a word are set; the compiler knows a vector form of it."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


@_intrinsic  # type: ignore[untyped-decorator]
def lowest(typing_context: Any, word: Any) -> Any:
    """Return the position of the lowest bit that is set; the word is not 0."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(types.uint64), generate


@_intrinsic  # type: ignore[untyped-decorator]
def fetch(typing_context: Any, array: Any, at: Any) -> Any:
    """Ask for an item of an array that is wanted soon, so that nobody waits for memory then."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        words, at = arguments
        data = context.make_array(signature.args[0])(context, builder, words).data
        byte = ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [byte, _HALF, _HALF, _HALF])
        found: Any = cgutils.get_or_insert_function
        prefetch = found(builder.module, kind, "llvm.prefetch.p0i8")
        for_reading = [ir.Constant(_HALF, n) for n in (0, 3, 1)]
        builder.call(prefetch, [builder.bitcast(builder.gep(data, [at]), byte), *for_reading])
        return context.get_dummy_value()

    return types.void(array, types.uint64), generate


@_intrinsic  # type: ignore[untyped-decorator]
def words_from(typing_context: Any, address: Any) -> Any:
    """Return a pointer to the words that begin at an address, for `numba.carray`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], _WORD.as_pointer())

    return types.CPointer(types.uint64)(types.uint64), generate  # type: ignore[no-untyped-call]


@_intrinsic  # type: ignore[untyped-decorator]
def peek(typing_context: Any, words: Any, at: Any) -> Any:
    """Return a word of an array as it is in memory now, whichever thread wrote it."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load_atomic(_word(context, builder, signature, arguments), "seq_cst", 8)

    return types.uint64(words, types.uint64), generate


@_intrinsic  # type: ignore[untyped-decorator]
def put(typing_context: Any, words: Any, at: Any, value: Any) -> Any:
    """Set a word of an array for all threads to see; return what it was."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.atomic_rmw("xchg", _word(context, builder, signature, arguments), arguments[2], "seq_cst")

    return types.uint64(words, types.uint64, types.uint64), generate


@_intrinsic  # type: ignore[untyped-decorator]
def add_to(typing_context: Any, words: Any, at: Any, value: Any) -> Any:
    """Add to a word of an array and return what it was; of threads that do so at once none undoes another's."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.atomic_rmw("add", _word(context, builder, signature, arguments), arguments[2], "seq_cst")

    return types.uint64(words, types.uint64, types.uint64), generate


def _word(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    """Return where a word of an array is."""
    return builder.gep(context.make_array(signature.args[0])(context, builder, arguments[0]).data, [arguments[1]])
