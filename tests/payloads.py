"""Twenty names of classes that would be scripts, links, pictures or styles if a page took them for markup."""

PAYLOADS = (
    '<a href="https://evil.example/1">click</a>',
    '<a href="javascript:window.bad=2">click</a>',
    "<script>window.bad=3</script>",
    "<img src=x onerror=window.bad=4>",
    "<svg onload=window.bad=5>",
    "<b>bold</b><sup>6</sup>",
    "[click](https://evil.example/7)",
    "[click](javascript:window.bad=8)",
    "![](https://evil.example/9.png)",
    "https://evil.example/10",
    "www.evil.example/11",
    ":red[red] :material/home: 12",
    "**bold** _13_",
    "`code` $x_{14}$",
    '"><iframe srcdoc="<script>parent.bad=15</script>">',
    "&lt;a href='https://evil.example/16'&gt;click",
    "%{x} ${window.bad=17} {{18}}",
    "<style>* { color: red }</style>19",
    "<span style='font-size:99px'>20</span>",
    "<https://evil.example/21>",
)
