"""Line amounts, exactly: quantity × price ÷ base quantity, rounded half up once."""

from decimal import ROUND_HALF_UP, Decimal, localcontext

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from invoicebatch.ingest.cells import Mask
from invoicebatch.ingest.numbers import MAX_CENTS

_NARROW = pa.decimal128(18, 6)


def line_net(frame: pd.DataFrame, whole: Mask | None = None) -> tuple[npt.NDArray[np.int64], Mask]:
    """Net amounts in cents and which of them are absurd (these are 0).

    Args:
        frame: quantity, price, price_base decimal(18,6).
        whole: lines in a currency without decimals; None: there are none.
    """
    net, absurd = _net(frame, 2)
    if whole is not None and whole.any():
        net[whole], absurd[whole] = _net(frame[whole], 0)
    return net, absurd


def _net(frame: pd.DataFrame, decimals: int) -> tuple[npt.NDArray[np.int64], Mask]:
    quantity, price, base = (_decimals(frame, column) for column in ("quantity", "price", "price_base"))
    product = pc.multiply(quantity, price)
    net = pc.round(product, decimals, round_mode="half_towards_infinity").cast(pa.decimal128(38, 2))
    divided = np.asarray(pc.not_equal(base, pa.scalar(Decimal(1)).cast(_NARROW)))
    absurd = np.asarray(pc.greater_equal(pc.abs(net), pa.scalar(Decimal(MAX_CENTS // 100))))
    safe = pc.if_else(pa.array(absurd | divided), pa.scalar(Decimal("0.00")).cast(net.type), net)
    cents = np.array(pc.multiply(safe.cast(pa.decimal128(18, 2)), pa.scalar(Decimal(100))).cast(pa.int64()))
    if divided.any():
        mask = pa.array(divided)
        step = Decimal(1).scaleb(-decimals)
        cents[divided], absurd[divided] = _divided(
            quantity.filter(mask), price.filter(mask), base.filter(mask), step
        )
    return cents, absurd


def _divided(
    quantity: pa.Array, price: pa.Array, base: pa.Array, step: Decimal
) -> tuple[list[int], list[bool]]:
    with localcontext() as context:
        context.prec = 60
        exact = [
            int((q * p / b).quantize(step, rounding=ROUND_HALF_UP).scaleb(2))
            for q, p, b in zip(quantity.to_pylist(), price.to_pylist(), base.to_pylist(), strict=True)
        ]
    absurd = [abs(cents) >= MAX_CENTS for cents in exact]
    return [0 if bad else cents for cents, bad in zip(exact, absurd, strict=True)], absurd


def _decimals(frame: pd.DataFrame, column: str) -> pa.Array:
    return pa.array(frame[column]).cast(_NARROW)
