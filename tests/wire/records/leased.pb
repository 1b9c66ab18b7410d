+ èä‰Ø‹ä2=
&spiffe://waystation.example/agency/ins*¬ ö²¦Ø‹ä"ins-1