#include "tests/sim/record/words.h"

static const char *const civility[] = {"M.", "Mme", "Me", "Dr", "M. et Mme"};

static const char *const first_name[] = {
    "Éléonore",  "François", "Zoé",    "Loïc",   "Gaëlle", "Jérôme",  "Anaïs",   "Noël",
    "Maëva",     "Benoît",   "Hélène", "Léa",    "Rémi",   "Inès",    "Théo",    "Marie-Thérèse",
    "Jean-Noël", "Clémence", "Aurèle", "Cédric", "Solène", "Tristan", "Camille", "Yaël",
};

static const char *const last_name[] = {
    "D'Aubrac-Lefèvre", "Lœuillet", "Béranger", "Châtelain", "Du Plessis",   "Ñuñez",
    "Garçonnet",        "Müller",   "Évrard",   "O'Keeffe",  "Saint-Yrieix", "Açores",
    "Vauquelin",        "Hérisson", "Prévôt",   "Kœnig",     "Le Goïc",      "Tremblé",
};

static const char *const company[] = {
    "SCI \"Les Tilleuls\"",  "SARL Pierre & Fils", "Étude Maître Œillet", "SAS L'Ardoise <Sud>",
    "Indivision Du Plessis", "Foncière C:\\Dépôt", "Cabinet « Horizon »", "",
};

static const char *const street[] = {
    "rue de l'Église",    "avenue du Maréchal-Ney",   "impasse des Chênes Lièges",
    "bd Saint-Exupéry",   "chemin du Vieux Pressoir", "place d'Armes, bât. \"B\"",
    "quai de la Moselle", "allée n° 4 / escalier C",
};

static const char *const city[] = {
    "Besançon",  "Nîmes",         "Orléans", "Sète",  "L'Haÿ-les-Roses",      "Béziers",
    "Angoulême", "Saint-Étienne", "Alençon", "Mâcon", "Le Perreux-sur-Marne", "Château-d'Oléron",
    "Épinal",    "Aÿ-Champagne",
};

static const char *const source[] = {"site",    "vitrine",   "parrainage",
                                     "portail", "téléphone", "salon"};

static const char *const status[] = {"actif", "en attente", "archivé", "à rappeler", "signé"};

static const char *const tag[] = {
    "VIP", "investisseur", "primo-accédant", "bord de mer", "étranger", "urgent!",
    "n/a", "T3+",          "100%",           "a\\b"};

static const char *const kind[] = {"appartement", "maison",  "terrain",
                                   "local",       "parking", "château"};

static const char *const feature[] = {"cave",    "garage",    "balcon",           "véranda",
                                      "piscine", "ascenseur", "chauffage au sol", "double vitrage",
                                      "cheminée"};

static const char *const sentence[] = {
    "Rappeler après 18h, clés chez le gardien.",
    "Souhaite un séjour \"traversant\" avec vue dégagée.",
    "Visite faite\nRetour : cuisine à refaire, prévoir 12 000 €.",
    "Dossier rangé dans \\\\serveur\\dossiers\\août.",
    "Prêt accordé par la banque, taux 3,85 % 🏦",
    "N'accepte pas les frais d'agence > 4 % ; voir avec Maëlle.",
    "Lien : https://agence.example/bien?id=12&vue=plan",
    "Très intéressés 👍, reviennent avec l'architecte.",
    "Attention :\tchien dans la cour ! 🐕‍🦺",
    "Vente longue (succession) \u2014 notaire à Nîmes.",
    "{\"note\": \"collée depuis un courriel\", \"data\": []}",
    "Étage élevé impératif, sinon rez-de-jardin.",
    "Ne pas appeler le mercredi.\r\nMerci !",
    "Offre à 9007199254740993 centimes (sic).",
    "Surface « loi Carrez » à vérifier : 87,40 m².",
    "Le vendeur garde l'œil sur le bail, ça avance…",
};

static const char *const title[] = {
    "Appartement T3 \"plein sud\" avec loggia", "Maison de maître, 7 pièces / dépendances",
    "Terrain à bâtir viabilisé – 812 m²",       "Local d'activité & bureaux",
    "Charmant duplex 🏡 au cœur du village",     "Château XVIIIᵉ, parc à l'anglaise",
};

#define LIST(a)                                                                                    \
    {                                                                                              \
        (a), sizeof(a) / sizeof *(a)                                                               \
    }
static const struct {
    const char *const *words;
    size_t count;
} lists[WORDS_LISTS] = {
    LIST(civility), LIST(first_name), LIST(last_name), LIST(company), LIST(street),
    LIST(city),     LIST(source),     LIST(status),    LIST(tag),     LIST(kind),
    LIST(feature),  LIST(sentence),   LIST(title),
};

const char *words_pick(enum words list, uint64_t pick)
{
    return lists[list].words[pick % lists[list].count];
}
