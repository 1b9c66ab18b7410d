0À¼÷‹Ø‹äZS
&spiffe://waystation.example/agency/ins*¬$spiffe://waystation.example/operator