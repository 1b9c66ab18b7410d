1€Á´ŒØ‹äba
&spiffe://waystation.example/agency/dojSIGNATURE_INVALIDpublish *signature: does not match