"""Characters of mathematics as models write them, for the classes of patterns."""

MINUS = r"\-\u2212\u2013\u2014\u2012\u2010\u2011\ufe63\uff0d"  # every dash that models write for a minus
SUPERSCRIPTS = "\u2070\u00b9\u00b2\u00b3\u2074-\u207f"
SUBSCRIPTS = "\u2080-\u208e"
VULGAR = "\u00bc-\u00be\u2150-\u215e\u2189"  # 1/4 and its like in one character
GREEK = "\u0391-\u03a1\u03a3-\u03a9\u03b1-\u03c9"
SYMBOLS = "\u221e\u2205\u211d\u2124\u211a\u2115\u2102"  # infinity, the empty set, the sets of numbers
RELATIONS = "=<>\uff1d\uff1c\uff1e\u2264\u2265\u2266\u2267\u2a7d\u2a7e\u2260\u2208\u2209\u2286\u2282"
TIMES = "\u00d7\u2a2f\u2715\u2716\u2217\uff0a\u00b7\u2219\u22c5\u2022"  # crosses, stars and dots
ORNAMENTS = (
    "\u2600-\u2775\u2794\u2798-\u27bf\u2b00-\u2bff\ufe0f\U0001f300-\U0001faff"  # ticks, pictures, arrows of print
)
