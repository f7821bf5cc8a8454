"""Draw what the font has no glyph for, or only one: tables, sofas, chairs, screens, bottles, pots, pets, airliners.

Every function takes a random.Random and returns an RGBA picture; it is drawn twice as large and reduced.
"""

import math
from random import Random

from PIL import Image, ImageDraw, ImageFilter

from .paint import Colour, glyph, grey, mix, recolour, whole

WOODS = ((142, 88, 48), (178, 122, 72), (104, 62, 36), (205, 160, 106), (120, 84, 62), (228, 222, 212))
CLOTHS = ((188, 40, 48), (40, 92, 160), (46, 120, 84), (222, 206, 176), (120, 74, 140), (232, 160, 60), (90, 96, 108))


def _sheet(width: int, height: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGBA", (width * 2, height * 2))
    return image, ImageDraw.Draw(image)


def _done(image: Image.Image) -> Image.Image:
    image = image.reduce(2)
    return image.crop(image.getbbox())


def _shade(colour: Colour, factor: float) -> tuple[int, ...]:
    return whole(tuple(c * factor for c in colour), 255)


def table(rng: Random) -> Image.Image:
    """Draw a dining table: with four legs, round on one foot, or under a cloth, often laid."""
    image, draw = _sheet(620, 330)
    wood = rng.choice(WOODS)
    kind = rng.choice(("legs", "legs", "cloth", "cloth", "round"))
    if kind == "round":
        draw.rectangle([585, 150, 655, 600], fill=_shade(wood, 0.7))
        draw.polygon([(420, 650), (820, 650), (660, 560), (580, 560)], fill=_shade(wood, 0.6))
        draw.ellipse([60, 60, 1180, 270], fill=_shade(wood, 0.7))
        draw.ellipse([60, 36, 1180, 240], fill=_shade(wood, 1.08))
        if rng.random() < 0.5:
            cloth = rng.choice(CLOTHS)
            draw.ellipse([240, 62, 1000, 208], fill=_shade(cloth, 1.05))
    else:
        inset = rng.randint(90, 170)
        top = [(inset, 40), (1240 - inset, 40), (1230, 220), (10, 220)]
        for x in (inset + 30, 1240 - inset - 70):
            draw.rectangle([x, 200, x + 36, 540], fill=_shade(wood, 0.55))
        for x in (36, 1160):
            draw.rectangle([x, 230, x + 48, 650], fill=_shade(wood, 0.82))
        draw.rectangle([30, 220, 1210, 290], fill=_shade(wood, 0.66))
        draw.polygon(top, fill=_shade(wood, 1.08))
        draw.rectangle([10, 220, 1230, 246], fill=_shade(wood, 0.86))
        for line in range(3):
            y = 75 + line * 48
            lean = inset * (1 - (y - 40) / 180)
            draw.line([(lean + 10, y), (1230 - lean, y)], fill=_shade(wood, 0.98), width=4)
        if kind == "cloth":
            _cloth(draw, rng, top, inset)
    if rng.random() < 0.8:
        _lay(image, rng)
    return _done(image)


def _cloth(draw: ImageDraw.ImageDraw, rng: Random, top: list, inset: int) -> None:
    cloth, depth = rng.choice(CLOTHS), rng.randint(360, 470)
    draw.polygon(top, fill=_shade(cloth, 1.1))
    edge = [(x, depth + 26 * math.sin(x / 52)) for x in range(8, 1240, 20)]
    draw.polygon([(8, 218), *edge, (1232, 218)], fill=_shade(cloth, 0.9))
    for x in range(60, 1220, 110):
        draw.polygon([(x, 222), (x + 34, depth), (x + 4, depth + 10)], fill=_shade(cloth, 0.76))
    if rng.random() < 0.5:
        for x in range(0, 1240, 96):
            far = inset + (x / 1240) * (1240 - 2 * inset)
            draw.line(
                [(far, 40), (x, 220), (x, depth - 20)], fill=_shade(mix(cloth, (255, 255, 255), 0.7), 1), width=14
            )


def _lay(image: Image.Image, rng: Random) -> None:
    """Put plates and food on a table's top."""
    draw = ImageDraw.Draw(image)
    for x in range(rng.randint(180, 260), 1080, rng.randint(210, 330)):
        draw.ellipse([x - 66, 150, x + 66, 204], fill=(196, 198, 204, 255))
        draw.ellipse([x - 66, 144, x + 66, 196], fill=(246, 246, 244, 255))
        draw.ellipse([x - 40, 154, x + 40, 186], fill=(226, 228, 230, 255))
    for text in rng.sample(("🍕", "🍞", "🍇", "🍎", "☕", "🍷", "🫖", "🕯️", "🧇", "🥖", "🍰", "🍋"), rng.randint(1, 4)):
        food = glyph(text)
        food = food.resize((round(food.width * 130 / food.height), 130))
        x = rng.randint(180, 980)
        image.alpha_composite(food, (x, rng.randint(4, 60)))


def sofa(rng: Random) -> Image.Image:
    """Draw a sofa with two or three seats, arms and cushions."""
    image, draw = _sheet(640, 300)
    colour = rng.choice((*CLOTHS, (132, 98, 70), (170, 172, 176), (70, 110, 116)))
    seats, low = rng.choice((2, 3)), rng.randint(0, 40)
    for x in (110, 1130):
        draw.rectangle([x, 530, x + 40, 590], fill=(70, 48, 34, 255))
    draw.rounded_rectangle([90, 30 + low, 1190, 460], 70, fill=_shade(colour, 0.84))
    width = 900 // seats
    for seat in range(seats):
        x = 190 + seat * width
        draw.rounded_rectangle([x + 6, 60 + low, x + width - 6, 380], 46, fill=_shade(colour, 0.97))
    draw.rectangle([120, 400, 1160, 548], fill=_shade(colour, 0.68))
    for seat in range(seats):
        x = 190 + seat * width
        draw.rounded_rectangle([x + 3, 318, x + width - 3, 440], 34, fill=_shade(colour, 1.12))
        draw.rounded_rectangle([x + 3, 398, x + width - 3, 446], 20, fill=_shade(colour, 0.86))
    for x in (50, 1090):
        draw.rounded_rectangle([x, 200, x + 140, 552], 60, fill=_shade(colour, 0.78))
        draw.rounded_rectangle([x, 190, x + 140, 290], 50, fill=_shade(colour, 1.03))
    for _ in range(rng.randint(0, 3)):
        cushion = Image.new("RGBA", (190, 190))
        ImageDraw.Draw(cushion).rounded_rectangle([12, 12, 178, 178], 40, fill=_shade(rng.choice(CLOTHS), 1.05))
        turned = cushion.rotate(rng.randint(-24, 24), Image.Resampling.BICUBIC)
        image.alpha_composite(turned, (rng.randint(180, 880), rng.randint(170, 200)))
    return _done(image)


def armchair(rng: Random) -> Image.Image:
    """Draw an armchair."""
    image, draw = _sheet(320, 360)
    colour = rng.choice(CLOTHS)
    for x in (90, 510):
        draw.polygon([(x, 600), (x + 40, 600), (x + 30, 700), (x + 10, 700)], fill=(80, 54, 36, 255))
    draw.rounded_rectangle([100, 20, 540, 520], 120, fill=_shade(colour, 0.86))
    draw.rounded_rectangle([140, 56, 500, 460], 90, fill=_shade(colour, 1.0))
    for y in (150, 250):
        for x in (230, 320, 410):
            draw.ellipse([x - 9, y - 9, x + 9, y + 9], fill=_shade(colour, 0.6))
    draw.rectangle([90, 470, 550, 620], fill=_shade(colour, 0.7))
    draw.rounded_rectangle([110, 390, 530, 500], 40, fill=_shade(colour, 1.14))
    for x in (40, 500):
        draw.rounded_rectangle([x, 300, x + 100, 624], 46, fill=_shade(colour, 0.8))
        draw.rounded_rectangle([x, 290, x + 100, 380], 44, fill=_shade(colour, 1.05))
    return _done(image)


def chair(rng: Random) -> Image.Image:
    """Draw a wooden chair seen from the front or the side, or an office chair."""
    image, draw = _sheet(260, 460)
    wood = rng.choice((*WOODS, (196, 60, 54), (70, 110, 160)))
    kind = rng.choice(("front", "front", "side", "office"))
    if kind == "office":
        seat = rng.choice(CLOTHS)
        draw.rectangle([244, 560, 276, 760], fill=(60, 62, 66, 255))
        for dx in (-170, -80, 80, 170):
            draw.line([(260, 760), (260 + dx, 850)], fill=(60, 62, 66, 255), width=26)
            draw.ellipse([240 + dx, 840, 280 + dx, 880], fill=(34, 34, 36, 255))
        draw.rectangle([244, 380, 276, 560], fill=(60, 62, 66, 255))
        draw.rounded_rectangle([110, 30, 410, 430], 80, fill=_shade(seat, 0.95))
        draw.rounded_rectangle([140, 60, 380, 400], 60, fill=_shade(seat, 1.1))
        draw.rounded_rectangle([80, 500, 440, 590], 44, fill=_shade(seat, 0.85))
    elif kind == "side":
        draw.line([(110, 40), (130, 500), (100, 890)], fill=_shade(wood, 0.9), width=34)
        draw.line([(400, 510), (420, 890)], fill=_shade(wood, 0.85), width=32)
        draw.line([(180, 510), (190, 830)], fill=_shade(wood, 0.6), width=26)
        draw.rounded_rectangle([100, 470, 450, 530], 20, fill=_shade(wood, 1.1))
        draw.line([(110, 690), (410, 690)], fill=_shade(wood, 0.75), width=18)
        draw.line([(108, 60), (150, 200)], fill=_shade(wood, 1.0), width=50)
    else:
        for x in (120, 366):
            draw.rectangle([x, 520, x + 30, 800], fill=_shade(wood, 0.6))
        for x in (90, 390):
            draw.rounded_rectangle([x, 30, x + 38, 520], 18, fill=_shade(wood, 0.9))
            draw.rectangle([x - 10, 560, x + 34, 890], fill=_shade(wood, 0.86))
        if rng.random() < 0.5:
            for y in (60, 190, 310):
                draw.rounded_rectangle([100, y, 420, y + 66], 20, fill=_shade(wood, 1.05))
        else:
            draw.rounded_rectangle([100, 46, 420, 110], 20, fill=_shade(wood, 1.05))
            for x in range(160, 380, 62):
                draw.rectangle([x, 90, x + 26, 490], fill=_shade(wood, 0.96))
        seat = rng.choice(CLOTHS) if rng.random() < 0.4 else wood
        draw.polygon([(104, 470), (416, 470), (462, 560), (58, 560)], fill=_shade(seat, 1.12))
        draw.rectangle([58, 560, 462, 596], fill=_shade(wood, 0.76))
    return _done(image)


def screen(rng: Random) -> Image.Image:
    """Draw a flat television or a monitor, with a landscape, a match, bars or text on it."""
    wide = rng.random() < 0.6
    width, height = (1100, 640) if wide else (900, 620)
    image, draw = _sheet(600, 430)
    middle = 600
    draw.rectangle([middle - 34, height - 20, middle + 34, height + 130], fill=(52, 54, 58, 255))
    draw.polygon(
        [
            (middle - 190, height + 160),
            (middle + 190, height + 160),
            (middle + 120, height + 118),
            (middle - 120, height + 118),
        ],
        fill=(66, 68, 74, 255),
    )
    left = middle - width // 2
    case = rng.choice(((24, 25, 28), (196, 199, 204), (44, 46, 52)))
    draw.rounded_rectangle([left, 10, left + width, height + 10], 26, fill=whole(case, 255))
    x0, y0, x1, y1 = left + 28, 36, left + width - 28, height - 26
    kind = rng.choice(("land", "land", "match", "text", "blue"))
    if kind == "land":
        draw.rectangle([x0, y0, x1, y1], fill=(120, 186, 240, 255))
        draw.ellipse([x0 + 120, y0 + 60, x0 + 220, y0 + 160], fill=(255, 236, 150, 255))
        draw.polygon(
            [
                (x0, y1),
                (x0, y1 - 200),
                (x0 + 260, y0 + 190),
                (middle, y1 - 120),
                (x1 - 190, y0 + 130),
                (x1, y1 - 160),
                (x1, y1),
            ],
            fill=(84, 110, 140, 255),
        )
        draw.rectangle([x0, y1 - 130, x1, y1], fill=(92, 160, 82, 255))
    elif kind == "match":
        draw.rectangle([x0, y0, x1, y1], fill=(66, 150, 70, 255))
        draw.rectangle([x0, y0, x1, y0 + 90], fill=(60, 66, 96, 255))
        draw.line([(middle, y0 + 90), (middle, y1)], fill=(240, 240, 240, 255), width=8)
        draw.ellipse([middle - 110, y0 + 200, middle + 110, y0 + 380], outline=(240, 240, 240, 255), width=8)
        for _ in range(6):
            x, y = rng.randint(x0 + 40, x1 - 60), rng.randint(y0 + 130, y1 - 80)
            draw.rectangle([x, y, x + 22, y + 56], fill=whole(rng.choice(CLOTHS), 255))
    elif kind == "text":
        draw.rectangle([x0, y0, x1, y1], fill=(238, 241, 245, 255))
        draw.rectangle([x0, y0, x1, y0 + 60], fill=(70, 120, 200, 255))
        for y in range(y0 + 100, y1 - 40, 52):
            draw.rectangle([x0 + 50, y, x0 + 50 + rng.randint(200, 640), y + 18], fill=(120, 128, 140, 255))
    else:
        for y in range(y0, y1):
            t = (y - y0) / (y1 - y0)
            draw.line([(x0, y), (x1, y)], fill=whole(mix((30, 60, 140), (110, 200, 230), t), 255))
    gloss = Image.new("RGBA", image.size)
    ImageDraw.Draw(gloss).polygon([(x0, y0), (x0 + 380, y0), (x0 + 90, y1), (x0, y1)], fill=(255, 255, 255, 26))
    image.alpha_composite(gloss)
    return _done(image)


def bottle(rng: Random) -> Image.Image:
    """Draw a bottle: of wine, beer, water or oil."""
    image, draw = _sheet(130, 420)
    glass = rng.choice(
        ((34, 74, 44), (28, 48, 34), (110, 62, 24), (84, 36, 30), (120, 176, 206), (176, 206, 190), (70, 120, 70))
    )
    body, neck, shoulder = (rng.randint(78, 100), rng.randint(26, 36), rng.randint(260, 400))
    outline = [(130 - neck, 60), (130 - neck, shoulder - 90), (130 - body, shoulder + 30), (130 - body, 800)]
    draw.polygon([*outline, *[(260 - x, y) for x, y in reversed(outline)]], fill=_shade(glass, 1))
    draw.rounded_rectangle([130 - body, shoulder + 10, 130 + body, 830], 30, fill=_shade(glass, 1))
    cap = rng.choice(((180, 40, 44), (214, 176, 90), (30, 30, 34), (60, 110, 190), (236, 236, 236)))
    draw.rounded_rectangle([130 - neck - 7, 24, 130 + neck + 7, rng.randint(86, 180)], 10, fill=_shade(cap, 1))
    label = rng.choice(((244, 236, 214), (236, 240, 244), (206, 60, 52), (52, 92, 150), (240, 196, 80)))
    top = shoulder + rng.randint(70, 140)
    low = rng.randint(640, 740)
    draw.rectangle([130 - body, top, 130 + body, low], fill=_shade(label, 1))
    draw.rectangle([130 - body, top + 30, 130 + body, top + 44], fill=_shade(label, 0.6))
    draw.ellipse([130 - 40, (top + low) // 2 - 30, 130 + 40, (top + low) // 2 + 50], fill=_shade(rng.choice(CLOTHS), 1))
    sheen = Image.new("RGBA", image.size)
    pen = ImageDraw.Draw(sheen)
    pen.rounded_rectangle([130 - body + 14, shoulder + 40, 130 - body + 40, 790], 12, fill=(255, 255, 255, 120))
    pen.rectangle([130 + body - 34, shoulder + 30, 130 + body, 820], fill=(0, 0, 0, 60))
    image.alpha_composite(sheen.filter(ImageFilter.GaussianBlur(5)))
    return _done(image)


def potted(rng: Random) -> Image.Image:
    """Draw a plant in a pot: leaves of our own or a flower's glyph."""
    image, draw = _sheet(360, 520)
    clay = rng.choice(((186, 96, 58), (206, 122, 84), (232, 228, 220), (64, 96, 132), (92, 92, 98), (150, 120, 60)))
    wide, high = rng.randint(120, 170), rng.randint(250, 340)
    top = 1030 - high
    text = rng.choice(("", "", "", "🌵", "🌷", "🌻", "🌿", "💐"))
    if text:
        flower = glyph(text)
        flower = flower.resize((round(flower.width * 560 / flower.height), 560))
        image.alpha_composite(flower, (360 - flower.width // 2, max(0, top - 510)))
    else:
        green = rng.choice(((52, 128, 60), (84, 150, 60), (34, 100, 70), (120, 160, 70)))
        for angle in sorted((rng.uniform(-75, 75) for _ in range(rng.randint(10, 20))), key=abs, reverse=True):
            _leaf(image, rng, angle, green, top + 20, length=rng.randint(300, min(560, top)))
    draw.polygon(
        [(360 - wide, top), (360 + wide, top), (360 + wide * 0.74, 1030), (360 - wide * 0.74, 1030)],
        fill=_shade(clay, 0.94),
    )
    draw.polygon(
        [(360 + wide * 0.4, top), (360 + wide, top), (360 + wide * 0.74, 1030), (360 + wide * 0.4, 1030)],
        fill=_shade(clay, 0.76),
    )
    draw.rounded_rectangle([360 - wide - 18, top - 26, 360 + wide + 18, top + 44], 14, fill=_shade(clay, 1.1))
    return _done(image)


def _leaf(image: Image.Image, rng: Random, angle: float, green: Colour, foot: float, length: int) -> None:
    draw = ImageDraw.Draw(image)
    direction, bend, width = (math.radians(angle), math.radians(angle) * 0.5, length * rng.uniform(0.09, 0.17))
    shade = rng.uniform(0.72, 1.25)
    middle, left, right = [], [], []
    for step in range(13):
        t = step / 12
        turn = direction + bend * t
        x, y = 360 + math.sin(turn) * length * t, foot - math.cos(turn) * length * t
        half = width * math.sin(math.pi * min(1, max(0, (t - 0.2) / 0.8)) ** 0.8) + 3
        middle.append((x, y))
        left.append((x - math.cos(turn) * half, y - math.sin(turn) * half))
        right.append((x + math.cos(turn) * half, y + math.sin(turn) * half))
    draw.polygon([*left, *reversed(right)], fill=_shade(green, shade))
    draw.line(middle, fill=_shade(green, shade * 1.25), width=5)


FURS = ((226, 170, 96), (110, 108, 112), (240, 236, 228), (60, 56, 58), (150, 106, 72), (210, 190, 160))


def sitting(rng: Random, face: str) -> Image.Image:
    """Draw a cat or a dog that sits and looks at us: a body of our own under the glyph of the face."""
    image, draw = _sheet(300, 430)
    fur = rng.choice(FURS)
    if face == "🐱":
        draw.arc([380, 560, 580, 830], -80, 110, fill=_shade(fur, 0.8), width=44)
    else:
        draw.line([(430, 780), (540, 700)], fill=_shade(fur, 0.8), width=40)
    draw.ellipse([120, 470, 480, 850], fill=_shade(fur, 0.86))
    draw.ellipse([160, 330, 440, 780], fill=_shade(fur, 0.98))
    draw.ellipse([215, 400, 385, 720], fill=_shade(mix(fur, (255, 255, 255), 0.45), 1))
    for x in (190, 320):
        draw.rounded_rectangle([x, 600, x + 90, 850], 44, fill=_shade(fur, 1.04))
        draw.line([(x + 45, 826), (x + 45, 850)], fill=_shade(fur, 0.6), width=6)
    head = glyph(face)
    if rng.random() < 0.8:
        head = grey(head, tuple(c * 1.1 for c in fur), 0.72)
    side = 400
    head = head.resize((side, round(head.height * side / head.width)))
    image.alpha_composite(head, (300 - side // 2, 20))
    return _done(image)


def airliner(rng: Random) -> Image.Image:
    """Draw an airliner from the side."""
    image, draw = _sheet(700, 260)
    body, paint = (238, 240, 244), rng.choice(CLOTHS)
    draw.polygon([(1090, 250), (1290, 20), (1376, 20), (1330, 270)], fill=_shade(paint, 1))
    draw.polygon([(1130, 270), (1330, 190), (1386, 196), (1260, 290)], fill=_shade(body, 0.8))
    nose = [(20, 300), (60, 250), (150, 215), (1150, 215), (1370, 250), (1150, 345), (180, 372), (70, 350)]
    draw.polygon(nose, fill=_shade(body, 1))
    draw.polygon([(40, 322), (1290, 290), (1150, 345), (180, 372), (70, 350)], fill=_shade(body, 0.82))
    draw.line([(50, 306), (1300, 276)], fill=_shade(paint, 1), width=16)
    draw.polygon([(66, 254), (110, 232), (140, 232), (130, 262)], fill=(50, 70, 96, 255))
    for x in range(210, 1120, 40):
        draw.rounded_rectangle([x, 244, x + 18, 268], 7, fill=(70, 92, 120, 255))
    draw.polygon([(520, 320), (740, 312), (1010, 440), (930, 450)], fill=_shade(body, 0.72))
    draw.rounded_rectangle([560, 366, 730, 426], 26, fill=_shade(paint, 0.85))
    draw.ellipse([552, 368, 590, 424], fill=(60, 62, 70, 255))
    if rng.random() < 0.75:
        for x in (230, 700, 770):
            draw.line([(x, 360), (x, 460)], fill=(90, 92, 98, 255), width=12)
            draw.ellipse([x - 32, 440, x + 32, 504], fill=(40, 40, 44, 255))
    return _done(image)


def express(rng: Random, text: str) -> Image.Image:
    """Draw a fast train with a nose at both ends: a glyph and its mirror image."""
    front = recolour(glyph(text), rng.randrange(256), pale=rng.uniform(0.6, 1)) if rng.random() < 0.6 else glyph(text)
    image = Image.new("RGBA", (front.width * 2 - 4, front.height))
    image.paste(front.transpose(Image.Transpose.FLIP_LEFT_RIGHT), (front.width - 4, 0))
    image.paste(front, (0, 0))
    return image


def locomotive_and_wagons(rng: Random, head: str, wagon: str) -> Image.Image:
    """Draw a train: a locomotive's glyph followed by wagons."""
    front, car = glyph(head), glyph(wagon)
    high = 360
    front = front.resize((round(front.width * high / front.height), high))
    car = car.resize((round(car.width * high * 0.92 / car.height), round(high * 0.92)))
    count = rng.randint(1, 2)
    image = Image.new("RGBA", (front.width + count * (car.width - 8), high))
    for k in range(count):
        image.alpha_composite(car, (front.width - 8 + k * (car.width - 8), high - car.height))
    image.alpha_composite(front, (0, 0))
    return image.crop(image.getbbox())
