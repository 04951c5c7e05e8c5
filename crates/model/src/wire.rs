//! Lenient decoding of what comes over the wire (contract 1.5, 3 and 4.1 to 4.5).
