function c(n){return n.map(t=>`${t.map(r).join(",")}\r
`).join("")}function r(n){const t=n==null?"":String(n);return/[",\r\n]/.test(t)?`"${t.replaceAll('"','""')}"`:t}export{c};
