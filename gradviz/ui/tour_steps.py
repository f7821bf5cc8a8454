r"""The ten steps of the tour: what is asked, where to look, and what is told then.

`{layer}`, `{product}` and `{beside}` stand for names of the chosen layer: fc7, dW7 and x6+x7. Terms of the glossary
stand between asterisks, *so*.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

NETWORK = "pages/start/network.py"
KERNELS = "pages/explore/kernels.py"
MAP = "pages/explore/map.py"
SVM = "pages/evaluate/svm.py"
TITLES = {NETWORK: "Network", KERNELS: "Kernels", MAP: "Map", SVM: "SVM"}
"""What the steps' pages are called."""


@dataclass(frozen=True)
class Step:
    """A step: its page, three texts, and the view that it is about.

    `temperature` is that of the question, `then` that of the answer where it is another one. `figure` are choices of
    the page's figure, None for the usual one; `afresh` lets go of the photographs that were looked at, so that the page
    shows a pair of its own choice. `needs` is what the data set must have: pictures, layer, network, labels.
    """

    page: str
    needs: str
    question: str
    look: str
    answer: str
    temperature: float = 1.0
    then: float | None = None
    figure: Mapping[str, str | None] = field(default_factory=dict)
    afresh: bool = False


STEPS = (
    Step(
        NETWORK,
        "pictures",
        "What does the network say that photograph A shows, and how sure is it?",
        "A is at the left. Guess before you read the classes at the right.",
        r"*Softmax* turns the *logits* into probabilities $p$. The *temperature* is 8 now, not 1: it divides the "
        r"logits, so the bars are more even, in the same order. The network knows its own classes only, and can be "
        r"sure and wrong.",
        then=8.0,
    ),
    Step(
        NETWORK,
        "pictures",
        "A gradient needs a label, and a new photograph has none. Which label favours no class?",
        r"Look at $g$ and at the red bars of $(p - g)/\tau$, right of the probabilities.",
        r"The uniform *pseudo-label*: $g_p = 1/P$ for each of P classes. The *loss* then has the *gradient* "
        r"$dE/dy_L = (p - g)/\tau$: positive for classes with more than $1/P$, negative for all others. It says "
        r"what this network makes of this photograph, right or wrong.",
    ),
    Step(
        NETWORK,
        "pictures",
        "How does this difference at the output reach the units of {layer}?",
        "Follow the red arrows, from right to left.",
        r"Backward through the same weights, $dE/dy_k = (W_{k+1}\, dE/dy_{k+1}) \circ f_k'(y_k)$, starting from "
        r"$(p - g)/\tau$. Where the *activation* $f_k$ is ReLU, a *unit* that it has set to 0 passes nothing on: "
        r"an empty line in the red strips.",
    ),
    Step(
        NETWORK,
        "pictures",
        "The weights of {layer} are a large table. How many numbers give their whole gradient?",
        "Below, “The gradient of one layer”: look at its left and its upper edge.",
        r"Only those of the two edges: every entry is one number of $x_{k-1}$ times one of $dE/dy_k$, so $dE/dW_k "
        r"= x_{k-1} (dE/dy_k)^\top$, an *outer product*. All rows have one pattern, so have all columns. Point at "
        r"a cell: its two numbers stand beside it.",
    ),
    Step(
        NETWORK,
        "pictures",
        "Two photographs, two such tables. Must all entries be multiplied to compare them?",
        "Below, open “Two photographs, one number”. Shift-click in the row above chooses B.",
        r"No: $\sum_{ij} (x_i d_j)(x'_i d'_j) = (x \cdot x')(d \cdot d')$, so $K = K_{fw} K_{bw}$. The *kernel* of "
        r"two *gradients* is a *product* of two numbers: how alike the inputs are, and how alike what comes back. "
        r"With vectors of length 1 all three are *cosines*.",
        figure={"second": None},
    ),
    Step(
        KERNELS,
        "layer",
        "All pairs at once. Can two photographs look alike to the network and their gradients not?",
        "Cell by cell, blue times red gives plum. The pair at the right was chosen for this question.",
        r"Yes. Of some thousand pairs this one is of the most alike *forward*, and of these the least alike "
        r"*backward*; the *product* is nearer to 0 than either factor. The list “Gradients agree, look different” "
        r"has the opposite.",
        figure={"large": None, "part": None},
        afresh=True,
    ),
    Step(
        KERNELS,
        "network",
        "The temperature rises from 1 to 8. Which of the three kernels will change?",
        "Backward is the large one now.",
        r"*Forward* stays: $x_{k-1}$ has no *temperature*. *Backward* and *product* change: at 1 a few likely "
        r"classes rule $dE/dy_k$, at 8 more take part, and for large $\tau$ $dE/dy_L$ points along the *centred* "
        r"*logits*.",
        then=8.0,
        figure={"large": "backward", "part": None},
    ),
    Step(
        MAP,
        "layer",
        "Three maps of the same photographs. Do they put the same ones side by side?",
        "Draw a loop around a group in the large map, and look for it in the small ones.",
        r"A group stays together where both factors agree. *Purity* tells how often the nearest share a class, "
        r"beside what chance gives; *trustworthiness*, how far the flat map is true to the *kernel*. At another "
        r"*temperature* the *forward* map stays and the others move.",
        temperature=8.0,
        figure={"map": None, "zoom": None},
    ),
    Step(
        SVM,
        "labels",
        "{product} or {beside}: which tells classes apart better, and is the difference real?",
        "Look at the large numbers, and at the bar beside their difference.",
        r"The bar is the *interval* of a paired *bootstrap*: the test photographs drawn again 1,000 times, both "
        r"scored on each draw. If it holds 0, these photographs cannot tell which *SVM* is better. Below, the same "
        r"for each class.",
        temperature=8.0,
        figure={"A": None, "B": None},
    ),
    Step(
        NETWORK,
        "pictures",
        "And your own photograph? What will the network say, and what will its gradient be like?",
        "Press “+ Your own” and add a picture. Only you see it.",
        r"Yours is A now, with a star; shift-click another one for B. *Softmax*, the way back, the *outer "
        r"product*, and $K = K_{fw} K_{bw}$: all of it was computed for your photograph. Neighbours finds what it "
        r"is most like.",
    ),
)
"""The tour, in order."""
