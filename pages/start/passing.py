"""Send one photograph through the network as a job, and form one gradient explicitly, for the Network page."""

import io
import json
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from gradviz.callbacks import Cancel, Progress
from gradviz.datasets import ImageSet
from gradviz.datasets.digests import file_digest
from gradviz.networks import Layer
from gradviz.representations import layer_gradient, layer_input, layer_output
from gradviz.spec import OPTIONS, Spec
from gradviz.ui.components import network as component
from gradviz.ui.polling import Question
from gradviz.ui.selection import Selection
from gradviz.ui.visitor import Own
from gradviz.words import counted

# torch comes with them: seconds, which a page's script must not wait for.
if TYPE_CHECKING:
    from gradviz.experiment import Experiment
    from gradviz.features.one_image import Explicit, Passage

TEMPERATURES = OPTIONS["temperature"].offered
"""The steps of the slider."""
_PICTURE = 320
"""Pixels along a side of the square that the network sees, as it is shown."""
_MOST = 32
"""Places along a side of mean activations that are sent."""


@dataclass(frozen=True)
class Subject:
    """One photograph that is looked at: where it is, its id there, and whose it is."""

    images: ImageSet
    id: str
    own: Own | None = None
    beside: bool = False
    """Whether it is a visitor's photograph beside another data set."""

    @property
    def name(self) -> str:
        """Return its name on the page, starred beside another data set."""
        return f"★ {self.id}" if self.beside else self.id

    @property
    def shows(self) -> str:
        """Say what it shows."""
        return "yours" if self.beside else ", ".join(self.images.labels_of(self.images.source(self.id))) or "no class"

    def experiment(self, spec: Spec) -> "Experiment":
        """Bind its data set to the choices."""
        from gradviz.experiment import Experiment

        spec = replace(spec, images=None, temperature=Spec().temperature)
        return self.own.experiment(spec) if self.own else Experiment(self.images, spec)


@dataclass(frozen=True, eq=False)
class Passed:
    """A photograph's way through the network, and what the page says of the network."""

    subject: str
    passage: "Passage"
    photograph: component.Photograph
    layers: tuple[Layer, ...]
    activations: tuple[str, ...]
    classes: tuple[str, ...]
    synsets: tuple[str, ...]
    weights: str

    @cached_property
    def nbytes(self) -> int:
        """The bytes that are kept."""
        return self.passage.nbytes * 2


def question(selection: Selection, subject: Subject) -> Question:
    """Ask for a photograph's way through the network."""
    title = f"{subject.name} goes through {selection.network.title}"
    return Question(
        _key("passage", selection, subject),
        title,
        lambda progress, cancel: passed(selection, subject, progress, cancel),
        "light",
    )


def form_question(selection: Selection, subject: Subject) -> Question:
    """Ask for the gradient of the chosen layer, formed with all its entries; only one at a time, for the memory."""
    layer, temperature = selection.layer, selection.spec.temperature
    return Question(
        _key("form", selection, subject, layer.name, temperature),
        f"autograd forms {layer.inputs:,} × {counted(layer.outputs, 'number')}",
        lambda progress, cancel: formed(selection, subject, progress, cancel),
        "heavy",
    )


def _key(what: str, selection: Selection, subject: Subject, *more: Any) -> str:
    """Return the same text for the same photograph through the same network, whatever data set it is from.

    A visitor's photographs have the visitor's token in it.
    """
    spec, position = selection.spec, subject.images.source(subject.id)
    content = file_digest(subject.images.paths[position])
    labels = subject.images.labels_of(position) if spec.pseudo_label == "true" else ()
    made = (spec.network, str(spec.weights or ""), spec.preprocess, spec.tf32, spec.pseudo_label, labels)
    return json.dumps(["network", what, content, made, subject.name, subject.own.token if subject.own else "", *more])


def passed(selection: Selection, subject: Subject, progress: Progress, cancel: Cancel) -> Passed:
    """Send a photograph through the network, forward and, for every temperature of the slider, backward."""
    from gradviz.features.one_image import follow
    from gradviz.features.pseudo_labels import pseudo_label

    lab = subject.experiment(selection.spec)
    spec, model, position = lab.spec, lab.model, subject.images.source(subject.id)
    label = pseudo_label(_label(selection, subject), model, subject.images)
    passage = follow(
        model,
        subject.images,
        position,
        temperatures=TEMPERATURES,
        label=label,
        preprocess=spec.preprocess,
        tf32=spec.tf32,
        progress=progress,
        cancel=cancel,
    )
    stages = [
        component.Stage(stage.name, len(stage.mean), stage.channels, _smaller(stage.mean)) for stage in passage.stages
    ]
    layers = [
        (
            passage.vectors[layer_input(layer.number)],
            passage.vectors[layer_output(layer.number)],
            passage.gradients[layer_gradient(layer.number)],
        )
        for layer in model.layers
    ]
    picture = _seen(model, subject.images.open(position), spec.preprocess)
    drawn = component.Photograph(
        subject.name, subject.shows, picture, passage.crops, stages, layers, passage.probabilities, passage.g
    )
    return Passed(
        subject.name, passage, drawn, model.layers, model.head.activations, model.classes, model.wnids, model.digest
    )


def formed(selection: Selection, subject: Subject, progress: Progress, cancel: Cancel) -> "Explicit":
    """Form the gradient of the chosen layer by autograd and compare it with the product of its factors."""
    from gradviz.features.one_image import explicit_gradient
    from gradviz.features.pseudo_labels import pseudo_label

    lab = subject.experiment(selection.spec)
    label = pseudo_label(_label(selection, subject), lab.model, subject.images)
    temperature = selection.spec.temperature
    assert temperature != "cv"
    return explicit_gradient(
        lab.model,
        subject.images,
        subject.images.source(subject.id),
        selection.layer.number,
        temperature=temperature,
        label=label,
        preprocess=lab.spec.preprocess,
        tf32=lab.spec.tf32,
        progress=progress,
        cancel=cancel,
    )


def means(selection: Selection, progress: Progress, cancel: Cancel) -> tuple[np.ndarray, np.ndarray]:
    """Compute the means of the layer's x and dE/dy, each of length 1, over the chosen photographs."""
    from gradviz.kernels import unit_means

    names = selection.triple[:2]
    rows = selection.experiment().features(names, selection.split, progress=progress, cancel=cancel)
    found = unit_means(rows.arrays, names)
    return found[names[0]], found[names[1]]


def _label(selection: Selection, subject: Subject) -> str:
    """Return the pseudo-label's name: a photograph beside the data set has no labels that one could be made from."""
    name = selection.spec.pseudo_label
    return "uniform" if name == "true" and subject.images.labels is None else name


def _smaller(mean: Any) -> np.ndarray:
    """Return mean activations with at most _MOST places along a side, each the mean of what it stands for."""
    from torch.nn import functional

    if len(mean) > _MOST:
        mean = functional.adaptive_avg_pool2d(mean[None], _MOST)[0]
    return mean.numpy()


def _seen(model: Any, picture: Image.Image, preprocess: str) -> bytes:
    """Return the part of a photograph that the network sees, as a square JPEG."""
    from gradviz.networks.transforms import seen

    box = seen(model.preset, preprocess, picture.size)
    file = io.BytesIO()
    picture.resize((_PICTURE, _PICTURE), Image.Resampling.LANCZOS, box).save(file, "JPEG", quality=88)
    return file.getvalue()
