"""Golden positions, six decimals."""

import numpy as np
import pytest

from layers.datum import bd09_from_gcj02, gcj02_from_wgs84, to_wgs84

GOLDEN = [
    ((116.404, 39.915), (116.410244, 39.916404), (116.416627, 39.922700)),
    ((121.4737, 31.2304), (121.478223, 31.228458), (121.484781, 31.234311)),
    ((113.2644, 23.1291), (113.269730, 23.126423), (113.276151, 23.132711)),
]


@pytest.mark.parametrize(("wgs", "gcj", "bd"), GOLDEN)
def test_shift_and_its_inverse_agree_with_the_golden_values(wgs, gcj, bd):
    x, y = np.array([wgs[0]]), np.array([wgs[1]])
    g = gcj02_from_wgs84(x, y)
    b = bd09_from_gcj02(*g)
    assert np.allclose([g[0][0], g[1][0]], gcj, atol=1.5e-6)
    assert np.allclose([b[0][0], b[1][0]], bd, atol=1.5e-6)
    assert np.allclose(to_wgs84(*g, "GCJ02"), (x, y), atol=1e-9)
    assert np.allclose(to_wgs84(*b, "BD09"), (x, y), atol=1e-9)


def test_positions_outside_the_mask_and_missing_ones_stay():
    x, y = np.array([-87.63, np.nan]), np.array([41.88, np.nan])
    lng, lat = to_wgs84(x, y, "GCJ02")
    assert np.allclose(lng, x, equal_nan=True)
    assert np.allclose(lat, y, equal_nan=True)
