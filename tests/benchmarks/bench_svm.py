"""Compare our one-vs-rest SVMs with a plain loop over scikit-learn's: 20 classes, 1,238 images, VOC's class sizes.

Run from the project's folder: python -m tests.benchmarks.bench_svm
"""

import statistics
import time

import numpy as np
from sklearn.svm import SVC

from gradviz.svm import OneVsRestSVC

IMAGES, CLASSES = 1238, 20


def problem() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Make a normalised float32 kernel of training and of test images, and labels with 3 % difficult ones."""
    rng = np.random.default_rng(0)
    means = rng.standard_normal((CLASSES, 300)) * 0.6
    shown = rng.random((2 * IMAGES, CLASSES)) < rng.uniform(0.04, 0.12, CLASSES)
    x = rng.standard_normal((2 * IMAGES, 300)) + shown @ means
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    labels = np.where(shown, 1, -1).astype(np.int8)
    labels[rng.random(labels.shape) < 0.03] = 0
    K = (x @ x.T).astype(np.float32)
    return K[:IMAGES, :IMAGES].copy(), K[IMAGES:, :IMAGES].copy(), labels[:IMAGES]


def plain_loop(K: np.ndarray, K_test: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Train and score class by class, leaving difficult images out."""
    scores = []
    for y in labels.T:
        kept = y != 0
        svc = SVC(kernel="precomputed").fit(K[np.ix_(kept, kept)], y[kept])
        scores.append(svc.decision_function(K_test[:, kept]))
    return np.stack(scores, axis=1)


def ours(K: np.ndarray, K_test: np.ndarray, labels: np.ndarray, threads: int | None = None) -> np.ndarray:
    """Train and score all classes at once."""
    return OneVsRestSVC(threads=threads).fit(K, labels).decision_function(K_test)


def main(rounds: int = 9) -> None:
    """Time both in turns, so that the computer's other load is the same for both."""
    K, K_test, labels = problem()
    times: dict[str, list[float]] = {"plain loop": [], "ours": [], "ours on one thread": []}
    for _ in range(rounds + 1):
        marks = [time.perf_counter()]
        expected = plain_loop(K, K_test, labels)
        marks.append(time.perf_counter())
        found = ours(K, K_test, labels)
        marks.append(time.perf_counter())
        ours(K, K_test, labels, threads=1)
        marks.append(time.perf_counter())
        for name, seconds in zip(times, np.diff(marks), strict=True):
            times[name].append(seconds)
    plain = times["plain loop"][1:]
    for name, seconds in times.items():
        ratio = statistics.median(a / b for a, b in zip(plain, seconds[1:], strict=True))
        print(f"{name}: {statistics.median(seconds[1:]):.3f} s, {ratio:.1f} times the plain loop's speed")
    print(f"largest difference between decisions: {np.abs(expected - found).max():.1e}")
    start = time.perf_counter()
    OneVsRestSVC("cv").fit(K, labels)
    print(f"C by cross-validation, 300 binary SVMs and the final 20: {time.perf_counter() - start:.2f} s")


if __name__ == "__main__":
    main()
