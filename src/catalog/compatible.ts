// The compatible lists of KernelCI's platforms, in the order of the device tree (kernelci-pipeline config/platforms*.yaml,
// August 2026): for boards that come in Maestro's own definitions and are not registered here.

/** A platform's name and its list, a line each. */
const LISTS = `
am57xx-beagle-x15 ti,am572x-beagle-x15 ti,am5728 ti,dra742 ti,dra74 ti,dra7
armada-388-clearfog-pro solidrun,clearfog-pro-a1 solidrun,clearfog-a1 marvell,armada388 marvell,armada385 marvell,armada380
at91-sama5d4_xplained atmel,sama5d4-xplained atmel,sama5d4 atmel,sama5
at91sam9g20ek atmel,at91sam9g20ek atmel,at91sam9g20 atmel,at91sam9
bcm2711-rpi-4-b raspberrypi,4-model-b brcm,bcm2711
bcm2837-rpi-3-b-plus raspberrypi,3-model-b-plus brcm,bcm2837
beagle-xm ti,omap3-beagle-xm ti,omap3630 ti,omap3
beaglebone-black ti,am335x-bone-black ti,am335x-bone ti,am33xx
beaglev-fire beagle,beaglev-fire microchip,mpfs
da850-lcdk ti,da850-lcdk ti,da850
de0-nano-soc terasic,de0-atlas altr,socfpga-cyclone5 altr,socfpga
dragonboard-410c qcom,apq8016-sbc qcom,apq8016
dragonboard-820c qcom,apq8096-db820c qcom,apq8096
eic7700-hifive-premier-p550 sifive,hifive-premier-p550 eswin,eic7700
exynos850-e850-96 winlink,e850-96 samsung,exynos850
glymur-crd qcom,glymur-crd qcom,glymur
gs101-oriole google,gs101-oriole google,gs101
hamoa-evk qcom,hamoa-iot-evk qcom,x1e80100
imx23-olinuxino olimex,imx23-olinuxino "fsl,imx23
imx27-phytec-phycard-s-rdk phytec,imx27-pca100-rdk phytec,imx27-pca100 fsl,imx27
imx28-duckbill i2se,duckbill fsl,imx28
imx53-qsrb fsl,imx53-qsrb fsl,imx53
imx6dl-riotboard riot,imx6s-riotboard fsl,imx6dl
imx6dl-udoo udoo,imx6dl-udoo fsl,imx6dl
imx6q-sabrelite fsl,imx6q-sabrelite fsl,imx6q
imx6q-udoo udoo,imx6q-udoo fsl,imx6q
imx6qp-wandboard-revd1 wand,imx6qp-wandboard fsl,imx6qp
imx8mm-innocomm-wb15-evk innocomm,wb15-evk fsl,imx8mm
imx8mp-evk fsl,imx8mp-evk fsl,imx8mp
imx8mp-tqma8mpql-mba8mpxl tq,imx8mp-tqma8mpql-mba8mpxl tq,imx8mp-tqma8mpql fsl,imx8mp
imx8mp-verdin-nonwifi-dahlia toradex,verdin-imx8mp-nonwifi-dahlia toradex,verdin-imx8mp-nonwifi toradex,verdin-imx8mp fsl,imx8mp
jetson-tk1 nvidia,jetson-tk1 nvidia,tegra124
jetson-tk1-barebox nvidia,jetson-tk1 nvidia,tegra124
jh7100-starfive-visionfive-v1 starfive,visionfive-v1 starfive,jh7100
jh7110-starfive-visionfive-2-v1-3b starfive,visionfive-2-v1.3b starfive,jh7110
juno-uboot arm,juno arm,vexpress
k3-am625-verdin-wifi-mallow toradex,verdin-am62-wifi-mallow toradex,verdin-am62-wifi toradex,verdin-am62 ti,am625
k3-am62p5-sk ti,am62p5-sk ti,am62p5
k3-j721e-beagleboneai64 beagle,j721e-beagleboneai64 ti,j721e
k3-j721e-sk ti,j721e-sk ti,j721e
kaanapali-mtp qcom,kaanapali-mtp qcom,kaanapali
kaanapali-qrd qcom,kaanapali-qrd qcom,kaanapali
kontron-bl-imx8mm kontron,imx8mm-bl kontron,imx8mm-sl fsl,imx8mm
kontron-kbox-a-230-ls kontron,kbox-a-230-ls kontron,sl28-var4 kontron,sl28 fsl,ls1028a
kontron-kswitch-d10-mmt-6g-2gs kontron,kswitch-d10-mmt-6g-2gs kontron,s1921 microchip,lan9668 microchip,lan966
kontron-kswitch-d10-mmt-8g kontron,kswitch-d10-mmt-8g kontron,s1921 microchip,lan9668 microchip,lan966
kontron-sl28-var3-ads2 kontron,sl28-var3-ads2 kontron,sl28-var3 kontron,sl28 fsl,ls1028a
lemans-evk qcom,lemans-evk qcom,qcs9100 qcom,sa8775p
meson-axg-s400 amlogic,s400 amlogic,a113d amlogic,meson-axg
meson-g12a-u200 amlogic,u200 amlogic,g12a
meson-g12a-x96-max amediatech,x96-max amlogic,g12a
meson-g12b-a311d-khadas-vim3 khadas,vim3 amlogic,a311d amlogic,g12b
meson-g12b-a311d-libretech-cc libretech,aml-a311d-cc amlogic,a311d amlogic,g12b
meson-g12b-odroid-n2 hardkernel,odroid-n2 amlogic,s922x amlogic,g12b
meson-gxl-s905d-p230 amlogic,p230 amlogic,s905d amlogic,meson-gxl
meson-gxl-s905x-libretech-cc libretech,aml-s905x-cc amlogic,s905x amlogic,meson-gxl
meson-sm1-khadas-vim3l khadas,vim3l amlogic,sm1
meson-sm1-s905d3-libretech-cc libretech,aml-s905d3-cc amlogic,sm1
meson-sm1-sei610 seirobotics,sei610 amlogic,sm1
monaco-evk qcom,monaco-evk qcom,qcs8300
mt7629-rfb mediatek,mt7629-rfb mediatek,mt7629
mt8183-kukui-jacuzzi-juniper-sku16 google,juniper-sku16 google,juniper mediatek,mt8183
mt8195-cherry-tomato-r2 google,tomato-rev2 google,tomato mediatek,mt8195
mt8196-rauru-navi-sku0 google,rauru-navi-sku0 mediatek,mt8196
mt8365-genio-350-evk mediatek,mt8365-evk mediatek,mt8365
mt8390-genio-700-evk mediatek,mt8390-evk mediatek,mt8390 mediatek,mt8188
mt8395-genio-1200-evk mediatek,mt8395-evk mediatek,mt8395 mediatek,mt8195
purwa-evk qcom,purwa-iot-evk qcom,x1e001x0
qcs615-ride qcom,qcs615-ride qcom,qcs615 qcom,sm6150
qcs6490-rb3gen2 qcom,qcs6490-rb3gen2 qcom,qcm6490
qcs8300-ride qcom,qcs8300-ride qcom,qcs8300
qcs9100-ride qcom,qcs9100-ride qcom,qcs9100
r8a7743-iwg20d-q7 iwave,g20d iwave,g20m renesas,r8a7743
r8a774a1-hihope-rzg2m-ex hoperun,hihope-rzg2-ex hoperun,hihope-rzg2m renesas,r8a774a1
r8a779m1-ulcb renesas,h3ulcb renesas,r8a779m1 renesas,r8a7795
r9a09g077m44-rzt2h-evk renesas,rzt2h-evk renesas,r9a09g077m44 renesas,r9a09g077
rk3399-khadas-edge-v khadas,edge-v rockchip,rk3399
rk3399-roc-pc firefly,roc-rk3399-pc rockchip,rk3399
rk3399-rock-pc firefly,roc-rk3399-pc rockchip,rk3399
rk3399-rock-pi-4b radxa,rockpi4b radxa,rockpi4 rockchip,rk3399
rk3568-rock3a radxa,rock3a rockchip,rk3568
rk3576-rock-4d radxa,rock-4d rockchip,rk3576
rk3588-rock-5b radxa,rock-5b rockchip,rk3588
sc7180-trogdor-kingoftown google,kingoftown qcom,sc7180
sc7180-trogdor-lazor-limozeen google,lazor-rev5-sku5 google,lazor-rev5-sku6
sc7180-trogdor-wormdingler-rev1-boe google,wormdingler-sku1024 qcom,sc7180
sm8350-hdk qcom,sm8350-hdk qcom,sm8350
sm8750-mtp qcom,sm8750-mtp qcom,sm8750
spacemit-k1-bananapi-f3 bananapi,bpi-f3 spacemit,k1
stm32mp157a-dhcor-avenger96 arrow,stm32mp157a-avenger96 dh,stm32mp157a-dhcor-som st,stm32mp157
stm32mp157c-lxa-tac-gen1 lxa,stm32mp157c-tac-gen1 oct,stm32mp15xx-osd32 st,stm32mp157
sun20i-d1-nezha allwinner,d1-nezha allwinner,sun20i-d1
sun50i-a64-bananapi-m64 sinovoip,bananapi-m64 allwinner,sun50i-a64
sun50i-a64-pine64-plus pine64,pine64-plus allwinner,sun50i-a64
sun50i-h5-libretech-all-h3-cc libretech,all-h3-cc-h5 allwinner,sun50i-h5
sun50i-h6-orangepi-3 xunlong,orangepi-3 allwinner,sun50i-h6
sun50i-h6-orangepi-one-plus xunlong,orangepi-one-plus allwinner,sun50i-h6
sun7i-a20-cubieboard2 cubietech,cubieboard2 allwinner,sun7i-a20
sun8i-a33-olinuxino olimex,a33-olinuxino allwinner,sun8i-a33
sun8i-a83t-bananapi-m3 sinovoip,bpi-m3 allwinner,sun8i-a83t
sun8i-h2-plus-orangepi-r1 xunlong,orangepi-r1 allwinner,sun8i-h2-plus
sun8i-h2-plus-orangepi-zero xunlong,orangepi-zero allwinner,sun8i-h2-plus
sun8i-h3-orangepi-pc xunlong,orangepi-pc-plus allwinner,sun8i-h3
sun8i-r40-bananapi-m2-ultra sinovoip,bpi-m2-ultra allwinner,sun8i-r40
sun9i-a80-cubieboard4 cubietech,a80-cubieboard4 allwinner,sun9i-a80
x1e80100 qcom,x1e80100-crd qcom,x1e80100
zynqmp-zcu102 xlnx,zynqmp-zcu102-rev1.0 xlnx,zynqmp-zcu102 xlnx,zynqmp
`;

const COMPATIBLE: ReadonlyMap<string, readonly string[]> = new Map(
  LISTS.trim()
    .split('\n')
    .map((line) => {
      const [platform = '', ...list] = line.split(' ');
      return [platform, list];
    }),
);

/** undefined: KernelCI has no platform of that name, or does not say. */
export function compatibleOf(platform: string): readonly string[] | undefined {
  return COMPATIBLE.get(platform);
}
