/€¸º‹Ø‹äR*
&spiffe://waystation.example/agency/ins*