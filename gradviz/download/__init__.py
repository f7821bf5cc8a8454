"""Downloads: photographs and weights over HTTP, resumed where they broke off, checked before they are used."""
