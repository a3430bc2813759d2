"""Where columns of the same rows say the same."""

import numpy as np
import numpy.typing as npt
import pandas as pd

Mask = npt.NDArray[np.bool_]


def same(left: pd.Series, right: pd.Series) -> Mask:
    """Where two columns of the same rows say the same; two missing values do."""
    if isinstance(left.dtype, pd.CategoricalDtype) or isinstance(right.dtype, pd.CategoricalDtype):
        left, right = left.astype("str"), right.astype("str")
    equal = left.eq(right).fillna(value=False).to_numpy(bool)
    both_missing: Mask = (left.isna() & right.isna()).to_numpy(bool)
    return equal | both_missing
