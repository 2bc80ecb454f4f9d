/** Geometry for the map: where a child's name stands, and what box holds all children. */
(function (yiwang) {
  "use strict";

  const STEPS = 14;
  const ROUNDS = 4;

  const ringsOf = (geometry) =>
    geometry.type === "MultiPolygon" ? geometry.coordinates : [geometry.coordinates];

  function boxOf(ring) {
    const box = [Infinity, Infinity, -Infinity, -Infinity];
    for (const [x, y] of ring) {
      box[0] = Math.min(box[0], x);
      box[1] = Math.min(box[1], y);
      box[2] = Math.max(box[2], x);
      box[3] = Math.max(box[3], y);
    }
    return box;
  }

  function ringArea(ring) {
    let sum = 0;
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
      sum += ring[j][0] * ring[i][1] - ring[i][0] * ring[j][1];
    }
    return Math.abs(sum / 2);
  }

  /** Distance from a point to the outline, negative outside; y is stretched by `ky`. */
  function depth([px, py], rings, ky) {
    let inside = false;
    let nearest = Infinity;
    for (const ring of rings) {
      for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
        const [ax, ay] = ring[i];
        const [bx, by] = ring[j];
        if (ay > py !== by > py && px < ((bx - ax) * (py - ay)) / (by - ay) + ax) inside = !inside;
        const [dx, dy] = [bx - ax, (by - ay) * ky];
        const [qx, qy] = [px - ax, (py - ay) * ky];
        const share = Math.min(1, Math.max(0, (qx * dx + qy * dy) / (dx * dx + dy * dy || 1)));
        nearest = Math.min(nearest, Math.hypot(qx - share * dx, qy - share * dy));
      }
    }
    return inside ? nearest : -nearest;
  }

  /** The point furthest inside a polygon: a grid of candidates, refined around the best. */
  function innermost(rings) {
    let [west, south, east, north] = boxOf(rings[0]);
    const ky = 1 / Math.cos((((south + north) / 2) * Math.PI) / 180);
    let best = { at: [(west + east) / 2, (south + north) / 2], depth: -Infinity };
    for (let round = 0; round < ROUNDS; round++) {
      const [stepX, stepY] = [(east - west) / STEPS, (north - south) / STEPS];
      for (let i = 0; i <= STEPS; i++) {
        for (let j = 0; j <= STEPS; j++) {
          const at = [west + i * stepX, south + j * stepY];
          const found = depth(at, rings, ky);
          if (found > best.depth) best = { at, depth: found };
        }
      }
      const [x, y] = best.at;
      [west, south, east, north] = [x - stepX, y - stepY, x + stepX, y + stepY];
    }
    return best;
  }

  const worldX = (lng) => (lng + 180) / 360;
  const worldY = (lat) =>
    0.5 - Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360)) / (2 * Math.PI);
  const latOf = (y) => (Math.atan(Math.exp((0.5 - y) * 2 * Math.PI)) * 360) / Math.PI - 90;

  /** Does the area, seen by a camera in a window, reach into a rectangle of it? */
  yiwang.reachesInto = function (collection, { center, zoom }, { width, height }, rect) {
    const size = 512 * 2 ** zoom;
    const [left, top] = [worldX(center.lng) * size - width / 2, worldY(center.lat) * size - height / 2];
    const hit = ([lng, lat]) => {
      const [x, y] = [worldX(lng) * size - left, worldY(lat) * size - top];
      return x > rect.left && x < rect.right && y > rect.top && y < rect.bottom;
    };
    const corners = [rect.left, rect.right].flatMap((x) =>
      [rect.top, rect.bottom].map((y) => [((x + left) / size) * 360 - 180, latOf((y + top) / size)]),
    );
    return collection.features.some(({ geometry }) =>
      ringsOf(geometry).some(
        (rings) => rings[0].some(hit) || corners.some((corner) => depth(corner, rings, 1) > 0),
      ),
    );
  };

  /** Give [west, south, east, north] of a collection. */
  yiwang.boundsOf = function (collection) {
    const boxes = collection.features.flatMap(({ geometry }) =>
      ringsOf(geometry).map((rings) => boxOf(rings[0])),
    );
    return [0, 1, 2, 3].map((side) =>
      (side < 2 ? Math.min : Math.max)(...boxes.map((box) => box[side])),
    );
  };

  /** Give {code, name, name_en, at, depth} of each child: the seat of its name. */
  yiwang.seatsOf = function (collection) {
    return collection.features.map(({ geometry, properties }) => {
      const parts = ringsOf(geometry);
      const largest = parts.reduce((a, b) => (ringArea(b[0]) > ringArea(a[0]) ? b : a));
      return { ...properties, ...innermost(largest) };
    });
  };
})((window.yiwang = window.yiwang || {}));
