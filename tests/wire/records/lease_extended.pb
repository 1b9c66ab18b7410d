.À³ýŠØ‹äJ3
&spiffe://waystation.example/agency/ins*€Ö©·Ø‹ä