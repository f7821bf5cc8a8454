"""Build the small network that the program ships: AlexNet's shape for photographs of 64 x 64 pixels."""

from torch import Tensor, nn


class AlexNet64(nn.Module):
    """Stack five convolutions and fc6, fc7, fc8 under AlexNet's own parameter names; (b, 3, 64, 64) to (b, classes)."""

    def __init__(self, num_classes: int = 200) -> None:
        super().__init__()
        relu = nn.ReLU(inplace=True)
        self.features = nn.Sequential(
            *(nn.Conv2d(3, 48, kernel_size=5, stride=2, padding=2), relu, nn.MaxPool2d(3, stride=2, padding=1)),
            *(nn.Conv2d(48, 96, kernel_size=5, padding=2), relu, nn.MaxPool2d(3, stride=2, padding=1)),
            *(nn.Conv2d(96, 192, kernel_size=3, padding=1), relu),
            *(nn.Conv2d(192, 128, kernel_size=3, padding=1), relu),
            *(nn.Conv2d(128, 128, kernel_size=3, padding=1), relu, nn.MaxPool2d(3, stride=2, padding=1)),
        )
        self.classifier = nn.Sequential(
            *(nn.Dropout(0.3), nn.Linear(2048, 1024), nn.ReLU(inplace=True)),
            *(nn.Dropout(0.3), nn.Linear(1024, 1024), nn.ReLU(inplace=True)),
            nn.Linear(1024, num_classes),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Compute the logits."""
        return self.classifier(self.features(images).flatten(1))
