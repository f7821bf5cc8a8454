r"""What the pages say about themselves on demand: a short text for each, and a glossary of the terms in them.

A term of the glossary stands between asterisks, *so*. Symbols are the paper's; formulas are set by KaTeX.
"""

PAGES = {
    "Network": r"""
A photograph passes through convolutions, then through fully connected *layers*:

$$
y_k = W_k^\top x_{k-1} + b_k, \qquad x_k = f_k(y_k)
$$

Blue strips are the values themselves, one line for each *unit*. At the end, *softmax* turns the *logits* $y_L$ into
probabilities $p = x_L$ at the *temperature* τ.

Red runs backward. With a *pseudo-label* $g$, the *loss* is $E = -\sum_p g_p \log x_{L,p}$, and its *gradients* are

$$
\frac{dE}{dy_L} = \frac{x_L - g}{\tau}, \quad
\frac{dE}{dy_k} = \Big(W_{k+1} \frac{dE}{dy_{k+1}}\Big) \circ f_k'(y_k)
$$

$$
\frac{dE}{dW_k} = x_{k-1} \Big(\frac{dE}{dy_k}\Big)^{\!\top}
$$

The last one is an *outer product*: below, every cell is one number of $x_{k-1}$ times one of $dE/dy_k$. So two
photographs need only two *cosines* to compare whole gradients.
""",
    "Kernels": r"""
Every cell compares two photographs, or means over many pairs from afar. Blue, *forward*: the *cosine* of what goes
into the *layer*. Red, *backward*: the cosine of the *gradients* at its output. Plum, *product*: the cosine of the
gradients of its weights, whose *trace kernel* is

$$
\operatorname{tr}\Big(\frac{dE}{dW_k}(A)^{\!\top} \frac{dE}{dW_k}(B)\Big)
= \underbrace{x_{k-1}(A) \cdot x_{k-1}(B)}_{K_{fw}} \;
\underbrace{\frac{dE}{dy_k}(A) \cdot \frac{dE}{dy_k}(B)}_{K_{bw}}
$$

Photographs stand by the class of their largest object, so alike ones form blocks along the diagonal; *seriation*
orders them by likeness instead. Each *kernel* has its own range of colours unless Range is Shared: then shades can be
compared, else only numbers. Below stand all layers with their *alignment*, and pairs on which the two factors
disagree.
""",
    "Map": r"""
Every dot is a photograph, placed by *UMAP* so that photographs close under a *kernel* lie together. The distance is
the kernel's own:

$$
d(A, B)^2 = K(A, A) + K(B, B) - 2 K(A, B)
$$

The three maps show *forward*, *backward* and *product*; the arrows exchange a small map with the large one. A loop
around a group lights up the same photographs in all three. Axes have no unit, and long distances mean little: read
*trustworthiness* and *purity* above each map, and purity beside what chance would give. At another *temperature* the
backward and the product map move; the forward map stays.
""",
    "Neighbours": r"""
One photograph is the query. Each row begins with the photograph most alike under one *kernel*: *forward*, *backward*,
*product*. Lines join the same photograph from row to row; one that crosses many others is a rank on which input and
*gradient* disagree. *Average precision* tells how well a row puts photographs that share a class with the query
first. Below, the same is done for every query, with the ten on which forward and product differ most. One query
proves nothing: judge by all of them.
""",
    "SVM": r"""
For each class an *SVM* learns, from the training *split*, to tell photographs with it from those without. It sees the
*kernel* alone:

$$
f(B) = \sum_A \alpha_A \, K(A, B) + b
$$

The test photographs are ranked by $f$ and scored by *average precision*; *mAP* is the mean over classes. The top
compares two representations. Whether their difference is real is said by its *interval*, from a paired *bootstrap*:
with 0 inside, these photographs cannot tell the two apart. *Difficult* ones neither train nor score their class. *C*
and the *temperature* may be moved freely, but the best of many scores is too good to be true: *cross-validation*
chooses without looking at the test photographs.
""",
    "Layers": r"""
Which network, *layer*, representation and *temperature* should one use? Each row is one choice, scored by *mAP* in
*cross-validation* within the training *split*, with an *interval* over its photographs. *Alignment* and *purity*
judge the same *kernel* without training anything. The best of many rows is best partly by luck, so only then is it
scored on the test photographs, once, with paired differences to its rivals. A difference whose interval holds 0 is no
reason to prefer either.
""",
    "Data": r"""
What the pages look at: photographs, their classes and *splits*. A photograph may show several classes; on the other
pages it stands under that of its largest object. *Difficult* means present but hard to see. A click puts a photograph
in focus on every page. The network learns nothing from these photographs: their *gradients* are computed and kept as
features, and no weight changes. Photographs without labels still have *kernels*, maps and neighbours; an *SVM* needs
labels and two splits.
""",
}
"""What each page shows, by the page's title."""

GLOSSARY = {
    "activation": r"What a unit puts out, $x_k = f_k(y_k)$. In AlexNet $f_k$ is ReLU: negative numbers become 0.",
    "alignment": r"How alike two kernels are once *centred*, at most 1 (CKA); here with the kernel of the labels.",
    "average precision": r"How well a ranking puts a class first; 100 % if all that show it come before the rest.",
    "backward": r"What the loss sends back to a layer, $dE/dy_k$; also the kernel $K_{bw}$ of these vectors.",
    "bootstrap": r"Drawing the photographs again and again, with repetition, to see how much a score depends on them.",
    "C": r"What a training mistake costs an SVM; a small C allows mistakes for a wider margin.",
    "centred": r"With the mean taken away.",
    "cosine": r"The inner product of two vectors of length 1: 1 for one direction, 0 at right angles, −1 for opposite.",
    "cross-validation": r"Scoring each third of the training photographs with SVMs trained on the other two.",
    "difficult": r"An object so marked in the data set, being hard to see.",
    "forward": r"What goes into a layer, $x_{k-1}$; also the kernel $K_{fw}$ of these vectors.",
    "gradient": r"How the loss changes with each number: $dE/dW_k$ has one entry for each weight.",
    "interval": r"Where a value lies in 95 % of the bootstrap's draws.",
    "kernel": r"A number for each two photographs that says how alike they are, and the table of all of them.",
    "layer": r"A step of the network; here a fully connected one, with weights $W_k$ between all inputs and all units.",
    "logit": r"The score of a class before softmax, an entry of $y_L$.",
    "loss": r"How far the probabilities are from the label, $E = -\sum_p g_p \log x_{L,p}$.",
    "mAP": r"The mean of the average precisions over all classes.",
    "outer product": r"The table of all products of the entries of two vectors: $(a b^\top)_{ij} = a_i b_j$.",
    "product": r"The gradient $dE/dW_k$, kept as its two factors; also its kernel $K = K_{fw} K_{bw}$.",
    "pseudo-label": r"The label $g$ that a photograph is taken to have; uniform, $g_p = 1/P$, unless chosen.",
    "purity": r"The share of a photograph's nearest ones that show one of its classes, averaged.",
    "seriation": r"An order in which neighbours are alike.",
    "softmax": r"$x_{L,p} = e^{y_p/\tau} / \sum_q e^{y_q/\tau}$, positive numbers that sum to 1.",
    "split": r"A part of the data set, such as train or test.",
    "SVM": r"Support vector machine: parts two kinds of photographs with the widest margin.",
    "temperature": r"$\tau$, which divides the logits; the higher, the more even the probabilities.",
    "trace kernel": r"The inner product of two gradients, entry by entry.",
    "trustworthiness": r"How far neighbours on a map are neighbours under the kernel, 1 at best.",
    "UMAP": r"A method that draws points in the plane so that near ones stay near.",
    "unit": r"One of the numbers that a layer computes.",
}
"""What the terms mean, in the order of the alphabet."""


def glossary() -> str:
    """Return the glossary as Markdown."""
    return "\n\n".join(f"**{term}**: {meaning}" for term, meaning in GLOSSARY.items())
